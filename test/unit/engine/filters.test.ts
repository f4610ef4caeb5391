import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { matchesEvent } from '../../../runtime/engine/event-filters.js';
import type { EngineEvent } from '../../../runtime/engine/events.js';
import { Filters } from '../../../runtime/engine/filters.js';
import { parseTimestamp, parseUnixTime } from '../../../runtime/engine/timestamp.js';

const filters = suite('filters');

const second = 1_000_000_000n;
const now = 1_700_000_000n * second;

filters('are read in both of Docker’s forms', () => {
  assert.equal(Filters.parse('{"label":["a","b"]}').get('label'), ['a', 'b']);
  assert.equal(Filters.parse('{"label":{"a":true,"b":false}}').get('label'), ['a', 'b']);
  assert.ok(Filters.parse('').isEmpty);
  assert.ok(Filters.parse('null').isEmpty);
});

filters('that are none are refused', () => {
  for (const text of ['x', '[]', '1', '{"a":1}', '{"a":"b"}'])
    assert.throws(() => Filters.parse(text), /^invalid filter$/, text);
});

filters('say which key nobody knows', () => {
  assert.throws(() => Filters.parse('{"x":["1"]}').expectOnly(['label']), "invalid filter 'x'");
});

filters('want every label, with its value where one is said', () => {
  const labels = { a: '1', b: '' };
  const matches = (...wanted: string[]) => new Filters({ label: wanted }).matchesLabels('label', labels);
  assert.ok(matches('a') && matches('a=1') && matches('a', 'b') && matches('b='));
  assert.not(matches('a=2') || matches('c') || matches('a', 'c'));
  assert.not(new Filters({ label: ['toString'] }).matchesLabels('label', {}));
});

filters('read booleans as Go does, and refuse others', () => {
  assert.is(new Filters({ dangling: ['1'] }).bool('dangling', false), true);
  assert.is(new Filters({ dangling: ['False'] }).bool('dangling', true), false);
  assert.is(new Filters({}).bool('dangling', true), true);
  assert.throws(
    () => new Filters({ dangling: ['perhaps'] }).bool('dangling', true),
    "invalid filter 'dangling=[perhaps]'",
  );
});

filters('find names by a part or an expression', () => {
  const matches = (pattern: string, name: string) => new Filters({ name: [pattern] }).matchesPart('name', name);
  assert.ok(matches('eb', 'web-1') && matches('^web', 'web-1') && matches('a(', 'a('));
  assert.not(matches('^eb', 'web-1'));
});

const event = (change: Partial<EngineEvent>): EngineEvent => ({
  Type: 'container',
  Action: 'start',
  Actor: { ID: 'abcdef0123', Attributes: { name: 'web', image: 'nginx:1', tier: 'x' } },
  scope: 'local',
  time: 1,
  timeNano: 1n,
  ...change,
});

filters('choose events', () => {
  const matches = (values: Record<string, string[]>, change = {}) => matchesEvent(event(change), new Filters(values));
  assert.ok(matches({}));
  assert.ok(matches({ type: ['container'], event: ['start', 'die'] }));
  assert.ok(matches({ container: ['web'] }) && matches({ container: ['abcd'] }) && matches({ label: ['tier=x'] }));
  assert.ok(matches({ image: ['nginx'] }) && matches({ image: ['nginx:1'] }));
  assert.ok(matches({ event: ['exec_start'] }, { Action: 'exec_start: sh' }));
  assert.not(matches({ type: ['image'] }));
  assert.not(matches({ container: ['we'] }) || matches({ image: ['ngin'] }) || matches({ event: ['sta'] }));
  assert.not(matches({ network: ['web'] }));
});

filters('read times as the API writes them', () => {
  assert.is(parseTimestamp('', now), undefined);
  assert.is(parseTimestamp('1700000000', now), now);
  assert.is(parseTimestamp('1700000000.5', now), now + second / 2n);
  assert.is(parseTimestamp('1700000000.000000001', now), now + 1n);
  assert.is(parseTimestamp('10m', now), now - 600n * second);
  assert.is(parseTimestamp('1h30m', now), now - 5400n * second);
  assert.is(parseTimestamp('2023-11-14T22:13:20Z', now), now);
  assert.is(parseTimestamp('2023-11-14T22:13:20.5+00:00', now), now + second / 2n);
  assert.is(parseTimestamp('2023-11-14', now), 1_699_920_000n * second);
  assert.throws(() => parseTimestamp('yesterday', now), 'strconv.ParseInt: parsing "yesterday": invalid syntax');
});

filters('times of logs and events are Unix seconds and nothing else', () => {
  assert.is(parseUnixTime(''), undefined);
  assert.is(parseUnixTime('1700000000'), now);
  assert.is(parseUnixTime('1700000000.5'), now + second / 2n);
  assert.is(parseUnixTime('1700000000.000000001'), now + 1n);
  assert.is(parseUnixTime('+1700000000.0000000019'), now + 1n);
  for (const text of ['10m', '2023-11-14', '2023-11-14T22:13:20Z', '1.x', '2.', '1e3', '9223372036854775808'])
    assert.throws(() => parseUnixTime(text), /^strconv\.ParseInt: parsing ".*": (invalid syntax|value out of range)$/);
});

filters.run();
