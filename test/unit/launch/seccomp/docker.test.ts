/**
 * Call by call what Docker 28's filters answer. The fixture was read from the kernel (ptrace(2), PTRACE_SECCOMP_GET_FILTER)
 * while Docker's containers ran, and executed for every number: `default`, each capability by `--cap-add`, `no-X` by
 * `--cap-drop X`, `none` by `--cap-drop ALL`.
 */
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { dockerCapabilities } from '../../../../runtime/launch/capabilities.js';
import { compileSeccomp } from '../../../../runtime/launch/seccomp/compile.js';
import { runFilter } from './bpf-machine.js';

type Verdicts = Readonly<Record<string, string>>;
type Arguments = { readonly number: number } & Readonly<Record<string, readonly number[]>>;

const golden = JSON.parse(
  readFileSync(new URL('../../../../../test/fixtures/seccomp/docker-28.json', import.meta.url), 'utf8'),
) as {
  readonly calls: Readonly<Record<string, Readonly<Record<string, Verdicts>>>>;
  readonly arguments: Readonly<Record<string, Readonly<Record<string, Arguments>>>>;
};

const LAST = 599;
const WAYS: Readonly<Record<string, readonly [architecture: number, bit: number]>> = {
  x86_64: [0xc000003e, 0],
  x32: [0xc000003e, 0x40000000],
  i386: [0x40000003, 0],
};
const NAMES: Readonly<Record<number, string>> = { 2147418112: 'allow', 327681: 'eperm', 327718: 'enosys' };
const nameOf = (verdict: number) => NAMES[verdict] ?? verdict.toString(16);

function filterOf(set: string): Uint8Array {
  const wish = set.startsWith('no-') ? { drop: [set.slice(3)] } : set === 'none' ? { drop: ['ALL'] } : { add: [set] };
  return compileSeccomp('default', dockerCapabilities(set === 'default' ? {} : wish), 'x64');
}

/** `0-12,14` by verdict. */
function verdictsOf(filter: Uint8Array, [architecture, bit]: readonly [number, number]): Verdicts {
  const found: Record<string, string[]> = {};
  const at = (number: number) => nameOf(runFilter(filter, { number: (number | bit) >>> 0, architecture }));
  for (let from = 0; from <= LAST; ) {
    let to = from;
    while (to < LAST && at(to + 1) === at(from)) to++;
    found[at(from)] = [...(found[at(from)] ?? []), from === to ? `${from}` : `${from}-${to}`];
    from = to + 1;
  }
  return Object.fromEntries(Object.entries(found).map(([verdict, list]) => [verdict, list.join(',')]));
}

const calls = suite('system calls, against Docker 28');

for (const [set, ways] of Object.entries(golden.calls))
  calls(`answers all calls as there: ${set}`, () => {
    const filter = filterOf(set);
    for (const [way, verdicts] of Object.entries(ways)) assert.equal(verdictsOf(filter, WAYS[way]!), verdicts, way);
  });

for (const [set, cases] of Object.entries(golden.arguments))
  calls(`looks at arguments as there: ${set}`, () => {
    const filter = filterOf(set);
    for (const [of, { number, ...verdicts }] of Object.entries(cases))
      for (const [verdict, values] of Object.entries(verdicts))
        for (const value of values) {
          const [architecture] = WAYS[of.split(' ')[0]!]!;
          assert.is(
            nameOf(runFilter(filter, { number, architecture, args: [BigInt(value)] })),
            verdict,
            `${of} ${value}`,
          );
        }
  });

calls('upper halves of registers open nothing to calls of 32 bits', () => {
  const filter = filterOf('default');
  const answers = (way: string, number: number, value: bigint) => {
    const [architecture, bit] = WAYS[way]!;
    return nameOf(runFilter(filter, { number: (number | bit) >>> 0, architecture, args: [value] }));
  };
  for (const upper of [0n, 1n << 32n, 0xffffffffn << 32n]) {
    assert.is(answers('i386', 359, upper | 40n), 'eperm', 'socket(AF_VSOCK)');
    assert.is(answers('i386', 359, upper | 2n), 'allow', 'socket(AF_INET)');
    assert.is(answers('i386', 136, upper | 0xffffffffn), 'allow', 'personality');
    assert.is(answers('x32', 41, upper | 40n), 'eperm', 'socket(AF_VSOCK) of x32');
  }
});

calls.run();
