import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LAYOUTS } from '../../../runtime/launch/layouts.js';
import { COMMAND, JOB, REPLY } from '../../../runtime/launch/wire.js';

const source = (name: string) => readFile(new URL(`../../../../runtime/launcher/${name}`, import.meta.url), 'utf8');

const agreement = suite('the wire, here and in C');

agreement('every operation has the code and the name that ops.h gives it', async () => {
  const inC = [...(await source('ops.h')).matchAll(/^\tOP\((\d+), "([^"]+)"/gm)].map(([, code, name]) => [
    name,
    Number(code),
  ]);
  const here = Object.entries(LAYOUTS).map(([name, { code }]) => [name, code]);
  assert.equal(Object.fromEntries(here), Object.fromEntries(inC));
  assert.is(new Set(here.map(([, code]) => code)).size, here.length, 'a code is used twice');
});

const inCamelCase = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

agreement('every job has the code that jobs.h gives it', async () => {
  const inC = [...(await source('jobs.h')).matchAll(/^\tJOB\((\d+), job_(\w+)\)/gm)].map(([, code, name]) => [
    inCamelCase(name!),
    Number(code),
  ]);
  assert.equal(Object.fromEntries(inC), { ...JOB });
});

agreement('replies and commands are numbered alike', async () => {
  const numbered = (text: string, prefix: string) =>
    [...text.matchAll(new RegExp(`${prefix}_([A-Z_]+) = (\\d+)`, 'g'))].map(([, name, code]) => [
      inCamelCase(name!.toLowerCase()),
      Number(code),
    ]);
  assert.equal(Object.fromEntries(numbered(await source('launcher.h'), 'REPLY')), { ...REPLY });
  assert.equal(Object.fromEntries(numbered(await source('monitor.h'), 'COMMAND')), { ...COMMAND });
});

agreement.run();
