import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Footprint } from '../../support/faults/footprint.js';
import { findLeaks, type Known } from '../../support/faults/leaks.js';
import { makeChance } from '../../support/faults/random.js';

const leaks = suite('faults: leaks');
const id = 'a'.repeat(64);
const network = 'b'.repeat(64);
const folders = { home: '/h', runtime: '/r' };

const clean: Footprint = {
  engine: 5,
  processes: [{ pid: 7, parent: 6, command: 'sleep', network: 'net:[1]', group: id }],
  mounts: [],
  bridges: [`dv1234b${network.slice(0, 8)}`],
  veths: ['dv1234v00000001'],
  groups: [id],
  firewall: 'elements = { 127.0.0.1 . tcp . 80 : 172.18.0.2 . 80 }',
  files: { roots: [id], containers: [id], trash: [], ingest: [], volumes: ['data'], build: [] },
  monitors: [id.slice(0, 16)],
};
const known: Known = {
  containers: [id],
  running: [{ id, addresses: ['172.18.0.2'] }],
  networks: [network],
  volumes: ['data'],
};

leaks('what records ask for is no leak', () => {
  assert.equal(findLeaks(clean, known, folders), []);
});

const additions: Readonly<Record<string, Partial<Footprint>>> = {
  'root left': { files: { ...clean.files, roots: [id, 'left'] } },
  'folder left': { files: { ...clean.files, containers: [id, 'left'] } },
  'trash left': { files: { ...clean.files, trash: ['left'] } },
  'ingest left': { files: { ...clean.files, ingest: ['left'] } },
  'volume left': { files: { ...clean.files, volumes: ['data', 'left'] } },
  'group left': { groups: [id, 'left'] },
  'monitor socket left': { monitors: [...clean.monitors, 'left'] },
  'bridge dv1234bcccccccc': { bridges: [...clean.bridges, 'dv1234bcccccccc'] },
  'mount /h/roots/left/merged': { mounts: ['/h/roots/left/merged'] },
  'process 9 (sh) in left': {
    processes: [...clean.processes, { pid: 9, parent: 1, command: 'sh', network: 'net:[1]', group: 'left' }],
  },
  'nft target 172.18.0.9': { firewall: `${clean.firewall} 127.0.0.1 . tcp . 81 : 172.18.0.9 . 80` },
  'veths dv1234v00000001, dv1234v00000002 for 1 containers with a network': {
    veths: ['dv1234v00000001', 'dv1234v00000002'],
  },
};

for (const [sentence, more] of Object.entries(additions))
  leaks(`found: ${sentence}`, () => {
    assert.equal(findLeaks({ ...clean, ...more }, known, folders), [sentence]);
  });

leaks('found: monitors without a container, when there are more than wait for the next jobs', () => {
  const idle = (count: number) =>
    Array.from({ length: count }, (_, at) => ({
      pid: 20 + at,
      parent: 1,
      command: 'launcher serve',
      network: 'net:[1]',
      group: undefined,
    }));
  assert.equal(findLeaks({ ...clean, processes: [...clean.processes, ...idle(4)] }, known, folders), []);
  assert.is(findLeaks({ ...clean, processes: [...clean.processes, ...idle(5)] }, known, folders).length, 5);
});

leaks('a seed repeats its choices', () => {
  const draw = (seed: number) => {
    const chance = makeChance(seed);
    return Array.from({ length: 20 }, () => chance.below(1000));
  };
  assert.equal(draw(5), draw(5));
  assert.not.equal(draw(5), draw(6));
});

leaks.run();
