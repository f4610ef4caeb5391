/** Shapes of values that are more than one scalar. */
import { shellWords } from '../canonical/shell-words.js';
import {
  anyInteger,
  anyText,
  complain,
  type Decoding,
  fillingIn,
  integer,
  isObject,
  map,
  type Shape,
  struct,
  textOf,
  variable,
  within,
} from './shape.js';

/** Null: the image's own. A text is split into its words; where a shell would go on, the command ends. */
export const command: Shape = fillingIn((value, at) => {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return value.map((word) => textOf(word));
  const written = textOf(value);
  const split = shellWords(written);
  if (split === undefined) {
    complain(
      at,
      'bad-command',
      `${at.path.join('.')} has a quote or a parenthesis that is not closed.`,
      'Close it, or write the command as a list.',
    );
    return null;
  }
  if (split.cutAt !== undefined) {
    const rest = written.slice(split.cutAt).trim();
    at.problems.warn(
      `${at.path.join('.')} ends before "${rest}": no shell reads it. Write ["sh", "-c", "…"] to have one.`,
      at.locate(at.path),
    );
  }
  return [...split.words];
});

/** Variables of a service: a name with a blank at its end is a slip. */
export const environment: Shape = (value, at) => {
  if (isObject(value)) for (const name of Object.keys(value)) within(at, name, () => checkName(name, at));
  return map(variable)(value, at);
};

function checkName(name: string, at: Decoding): void {
  if (!/\s$/.test(name)) return;
  complain(
    at,
    'bad-variable',
    `The environment variable ${JSON.stringify(name)} ends with a blank.`,
    'Write NAME=value without blanks around the =.',
  );
}

/** `name=address` items, sorted. */
export const hosts: Shape = (value, at) => {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const items = value.map((item) => textOf(item));
  for (const [index, item] of items.entries()) {
    if (/^[^=]+=.+$/.test(item)) continue;
    within(at, index, () =>
      complain(at, 'bad-host', `The host ${JSON.stringify(item)} has no address.`, 'Write NAME=ADDRESS.'),
    );
  }
  return items.sort();
};

const softAndHard = struct({ soft: integer, hard: integer });

/** One number for both limits, or the two. A single 0 is printed as the reference does it, as `{}`. */
export const ulimit: Shape = (value, at) => {
  if (isObject(value)) return softAndHard(value, at);
  return anyInteger(value, at) || {};
};

/** `["default", "id=path"]`. */
export const sshKeys: Shape = (value) => {
  if (!isObject(value)) return undefined;
  const keys = Object.entries(value).map(([id, path]) => (path === null || path === '' ? id : `${id}=${textOf(path)}`));
  return keys.length === 0 ? undefined : keys;
};

/** A word of a list, whatever scalar it is written as. */
export const word: Shape = anyText;
