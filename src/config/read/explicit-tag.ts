/** A scalar with an explicit tag (`!!int "1"`): https://yaml.org/spec/1.2.2/#chapter-10-recommended-schemas as yaml.v3 does it. */
import { problem } from '../problems.js';
import type { ScalarValue } from '../tree/node.js';
import { numberOf, resolvePlain } from './scalar.js';
import type { Mark } from './source.js';

/** Throws UserError `bad-tag` when the text is no value of the tag's type. A tag that is not YAML's own means nothing. */
export function resolveTagged(tag: string, text: string, plain: boolean, at: Mark): ScalarValue {
  const name = tag.replace(/^!<tag:yaml\.org,2002:(.*)>$/, '!!$1');
  const value = plain || name !== '!' ? resolvePlain(text) : text;
  const fits = (accepted: boolean): ScalarValue => {
    if (accepted) return value;
    throw problem('bad-tag', `${name} does not fit the value ${JSON.stringify(text)}.`, at, [
      'Change the value or drop the tag.',
    ]);
  };
  switch (name) {
    case '!!bool':
      return fits(typeof value === 'boolean');
    case '!!int':
      return fits(typeof value === 'bigint' || Number.isInteger(value));
    case '!!float':
      return numberOf(text) === undefined ? fits(typeof value === 'number') : Number(numberOf(text));
    case '!!null':
      return fits(value === null);
    case '!!timestamp':
      return fits(value instanceof Date);
    case '!!binary':
      return Buffer.from(text, 'base64').toString('latin1');
    default:
      return text;
  }
}
