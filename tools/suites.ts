import type { Suite } from './run-tests.ts';

/** Fast suites without VMs, the agent's binary and the programs. */
export const unitSuites: readonly Suite[] = [
  {
    name: 'unit',
    globs: [
      'packages/**/*.test.ts',
      'apps/innkeeper/src/!(main)/**/*.test.ts',
      'apps/web/src/**/*.test.ts',
      'tools/**/*.test.ts',
      'tests/fuzz/{replay.test.ts,engine/*.test.ts}',
    ],
    // Many wait for a timer or a socket.
    concurrency: 3,
    timeoutMs: 120_000,
  },
  { name: 'rules of the repository', globs: ['tests/repo/**/*.test.ts'], concurrency: 2, timeoutMs: 60_000 },
];

/** Suites that start programs: Innkeeper's, the agent's binary, QEMU, other servers, a browser. */
export const systemSuites: readonly Suite[] = [
  {
    name: 'programs',
    globs: ['apps/cli/src/**/*.test.ts', 'apps/innkeeper/src/main/**/*.test.ts'],
    concurrency: 3,
    timeoutMs: 120_000,
  },
  {
    name: 'agent, conformance, peers, packages, drivers',
    globs: [
      'apps/agent/src/**/*.test.ts',
      'tests/{conformance,emulated,peers,packages,drivers,sanitizers}/**/*.test.ts',
      'tests/fuzz/replay-*.test.ts',
    ],
    concurrency: 3,
    timeoutMs: 300_000,
  },
  // About 90 s; `npm run test:fuzz` gives a minute to each parser.
  { name: 'fuzzing', globs: ['tests/fuzz/fuzz-*.test.ts'], concurrency: 2, timeoutMs: 300_000 },
  // Each starts a daemon; a browser mostly waits.
  { name: 'e2e', globs: ['tests/e2e/**/*.test.ts'], concurrency: 2, timeoutMs: 600_000 },
  // They make the images and kernels that the next suites find in their cache.
  { name: 'guests', globs: ['tests/vm/guests/*.test.ts'], concurrency: 2, timeoutMs: 900_000 },
  // They mostly wait: for a boot, a deadline, a download. The longest are first, by their names.
  {
    name: 'VMs and fresh machines',
    globs: ['tests/fresh/*.test.ts', 'tests/vm/!(hostile-agent).test.ts'],
    concurrency: 4,
    timeoutMs: 1_500_000,
  },
  // A hostile agent leaves one of two CPUs, of which the soak needs an eighth: its baseline is measured beside that, too.
  {
    name: 'hostile agents and a soak',
    globs: ['tests/soak/*.test.ts', 'tests/vm/hostile-agent.test.ts'],
    concurrency: 2,
    timeoutMs: 900_000,
  },
];
