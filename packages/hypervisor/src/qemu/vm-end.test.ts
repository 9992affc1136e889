import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type EndSigns, judgeEnd } from './vm-end.ts';

const none: EndSigns = {
  shutdown: undefined,
  exitCode: undefined,
  signal: undefined,
  killedByUs: false,
  pidFileLeft: true,
};

const cases: readonly [string, Partial<EndSigns>, ReturnType<typeof judgeEnd>][] = [
  ['a guest that powered off', { shutdown: { guest: true, reason: 'guest-shutdown' }, exitCode: 0 }, 'shutdown'],
  [
    'a guest that powered off just before the kill',
    { shutdown: { guest: true, reason: 'guest-shutdown' }, killedByUs: true },
    'shutdown',
  ],
  ['a panic', { shutdown: { guest: true, reason: 'guest-panic' }, exitCode: 0 }, 'crashed'],
  ['a SIGTERM from outside', { shutdown: { guest: false, reason: 'host-signal' }, exitCode: 0 }, 'killed'],
  ['the driver’s kill', { killedByUs: true, signal: 'SIGKILL' }, 'killed'],
  ['a SIGKILL from outside', { signal: 'SIGKILL' }, 'killed'],
  ['an abort', { signal: 'SIGABRT' }, 'crashed'],
  ['a failure', { exitCode: 1 }, 'crashed'],
  ['an orderly exit without a SHUTDOWN event', { exitCode: 0 }, 'shutdown'],
  ['an adopted process that left its pid file', {}, 'crashed'],
  ['an adopted process that removed its pid file', { pidFileLeft: false }, 'shutdown'],
];

describe('judgeEnd()', () => {
  for (const [what, signs, kind] of cases) {
    it(`${what} counts as ${kind}`, () => assert.equal(judgeEnd({ ...none, ...signs }), kind));
  }
});
