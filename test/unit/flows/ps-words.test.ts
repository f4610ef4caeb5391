import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ago, writtenTime } from '../../../src/flows/ps.js';

const words = suite("times in the docker command's words");

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

words('say how long ago something was', () => {
  const cases: [number, string][] = [
    [0.4, 'Less than a second ago'],
    [1, '1 second ago'],
    [59, '59 seconds ago'],
    [90, 'About a minute ago'],
    [50 * minute, '50 minutes ago'],
    [80 * minute, 'About an hour ago'],
    [47 * hour, '47 hours ago'],
    [13 * day, '13 days ago'],
    [20 * day, '2 weeks ago'],
    [100 * day, '3 months ago'],
    [800 * day, '2 years ago'],
  ];
  for (const [seconds, text] of cases) assert.is(ago(seconds), text);
});

words('name the moment with its offset', () => {
  assert.match(writtenTime(1_795_260_988), /^2026-11-2\d \d\d:\d\d:28 [+-]\d{4} \S+$/);
});

words.run();
