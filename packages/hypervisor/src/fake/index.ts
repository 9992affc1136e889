export { FakeDriver, type FakeDriverOptions } from './fake-driver.ts';
export {
  bootFloodingConsole,
  bootGarbage,
  bootSilent,
  bootWithoutAgent,
  type FakeBoot,
  type FakeGuest,
  type StartAgent,
} from './fake-guest.ts';
export { FakeHost } from './fake-host.ts';
export type { FakeMachine } from './fake-machine.ts';
