import type { Call } from '@innkeeper/contract/agent';
import { FileServiceLite, ProcessServiceLite, TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import * as host from 'host';
import { type Behaviour, type HostileSession, pause } from './hostile-session.ts';

const { read, list } = FileServiceLite;
const { exec } = ProcessServiceLite;
const { watch, getSystem } = TelemetryServiceLite;

const report = liteEncode(watch.output, {
  monotonicNs: 1n,
  processCount: 100,
  cpu: { busyPercent: 50 },
  memory: { totalBytes: 1n << 40n, availableBytes: 1n << 39n },
  mounts: Array.from({ length: 20 }, (_, index) => ({ mountPoint: `/mnt/${index}`, totalBytes: 1n, freeBytes: 1n })),
});
const empty = new Uint8Array(0);
const anything = new Uint8Array(60_000).fill(0x61);

const detached = (work: Promise<void>): void => void work.catch(() => undefined);
const message = (session: HostileSession, callId: number, body: Uint8Array): Uint8Array =>
  session.frame({ case: 'message', value: { callId, body } });

/** Answers a single method. */
function only(method: { readonly name: string }, answer: (session: HostileSession, call: Call) => void) {
  return (session: HostileSession, call: Call): void => {
    if (call.method === method.name) answer(session, call);
  };
}

/** Answers a download with the file's attributes, and then as `rest` does. */
function download(rest: (session: HostileSession, call: Call) => void, sizeBytes = 1n << 62n): Behaviour {
  return {
    onCall: only(read, (session, call) => {
      const { path } = liteDecode(read.input, call.body);
      session.answer(call, read, { event: { case: 'info', value: { path, kind: 1, sizeBytes } } });
      rest(session, call);
    }),
  };
}

/** More than a slow reader accepts at once, so that further messages wait. */
function sendChunks(session: HostileSession, call: Call): void {
  for (let count = 0; count < 8; count++)
    session.answer(call, read, {
      event: { case: 'chunk', value: { offset: BigInt(count * anything.length), data: anything } },
    });
}

/** Behaviours of the hostile agent by the name that the test uses. */
export const behaviours: Readonly<Record<string, Behaviour>> = {
  /** The baseline for the others: only uses the guest's CPU. */
  idle: {
    beside: async () => {
      for (;;) {
        for (let round = 0; round < 200_000; round++) Math.sqrt(round);
        await pause(0);
      }
    },
  },
  'never-reads': {
    readsFrames: 3,
    onCall: only(watch, (session, call) =>
      detached(
        (async () => {
          for (;;) {
            for (let count = 0; count < 20; count++) await session.write(message(session, call.id, report));
            await pause(10);
          }
        })(),
      ),
    ),
  },
  'empty-answers': download((session, call) => {
    sendChunks(session, call);
    detached(session.flood([message(session, call.id, empty)]));
  }),
  'empty-answers-by-credit': download((session, call) => {
    sendChunks(session, call);
    detached(session.floodByCredit(call, () => empty));
  }),
  drip: {
    onHello: (session) =>
      detached(
        (async () => {
          const welcome = session.frame({ case: 'welcome', value: { version: 1 } });
          for (const byte of welcome) {
            await session.write(Uint8Array.of(byte));
            await pause(2);
          }
        })(),
      ),
    onCall: (session, call) =>
      detached(
        (async () => {
          for (const byte of message(session, call.id, report)) {
            await session.write(Uint8Array.of(byte));
            await pause(1);
          }
        })(),
      ),
  },
  'telemetry-flood': {
    onCall: only(watch, (session, call) => detached(session.floodByCredit(call, () => report))),
  },
  'false-welcome': {
    onHello: (session) => {
      const capabilities = Array.from({ length: 500 }, () => '\u001b[2J'.repeat(20));
      session.send({ case: 'welcome', value: { version: 7, agentVersion: 'x'.repeat(9000), capabilities } });
      session.send({ case: 'welcome', value: { version: 1 } });
      detached(session.flood([session.frame({ case: 'welcome', value: { version: 1, bootId: 'x'.repeat(200) } })]));
    },
  },
  'endless-exec': {
    onCall: only(exec, (session, call) => {
      session.answer(call, exec, { event: { case: 'started', value: { id: 'x', pid: 1 } } });
      let offset = 0;
      const data = anything.subarray(0, 8000);
      detached(
        session.floodByCredit(call, () => {
          offset += data.length;
          return liteEncode(exec.output, {
            event: { case: 'output', value: { offset: BigInt(offset - data.length), stream: 1, data } },
          });
        }),
      );
    }),
  },
  'small-exec-events': {
    onCall: only(exec, (session, call) => {
      session.answer(call, exec, { event: { case: 'started', value: { id: 'x', pid: 1 } } });
      const body = liteEncode(exec.output, { event: { case: 'stdinAccepted', value: 1n } });
      detached(session.floodByCredit(call, () => body));
    }),
  },
  'wrong-totals': download((session, call) => {
    session.answer(call, read, { event: { case: 'chunk', value: { offset: 0n, data: anything } } });
    session.answer(call, read, { event: { case: 'done', value: { bytes: 1n << 62n } } });
    session.end(call);
  }),
  'false-hashes': download((session, call) => {
    session.answer(call, read, { event: { case: 'chunk', value: { offset: 0n, data: anything } } });
    const sha256 = new Uint8Array(40_000);
    session.answer(call, read, { event: { case: 'done', value: { bytes: BigInt(anything.length), sha256 } } });
    session.end(call);
  }, 1n),
  'endless-listing': {
    onCall: only(list, (session, call) => {
      const { pageToken } = liteDecode(list.input, call.body);
      const entries = Array.from({ length: 1000 }, (_, index) => ({ path: `/d/${index}`, sizeBytes: 1n }));
      const nextPageToken = String(Number(pageToken) + 1);
      session.answer(call, list, { entries, nextPageToken, total: (1n << 64n) - 1n });
      session.end(call);
    }),
  },
  'bloated-answers': {
    onCall: (session, call) => {
      // Two bytes per entry: a response of 65,000 bytes is 32,500 objects.
      const tag = call.method === list.name ? 0x0a : 0x62;
      const body = Uint8Array.from({ length: 65_000 }, (_, index) => (index % 2 === 0 ? tag : 0));
      if (call.method === getSystem.name || call.method === list.name) {
        session.send({ case: 'message', value: { callId: call.id, body } });
        session.end(call);
      }
    },
  },
  'unasked-answers': {
    onHello: (session) => {
      session.welcome();
      detached(session.flood([message(session, 4_000_000_000, anything.subarray(0, 100))]));
    },
  },
  'duplicate-ends': {
    onCall: (session, call) => {
      session.end(call);
      detached(session.flood([session.frame({ case: 'end', value: { callId: call.id } })]));
    },
  },
  'credit-flood': {
    onCall: (session, call) =>
      detached(session.flood([session.frame({ case: 'credit', value: { callId: call.id, bytes: 0 } })])),
  },
  'old-frames': {
    onHello: (session) => {
      session.welcome();
      const { nonce } = session;
      session.nonce = new Uint8Array(16).fill(1);
      const old = message(session, 1, empty);
      session.nonce = nonce;
      detached(session.flood([old]));
    },
  },
  'reconnect-storm': {
    onHello: (session) => {
      session.welcome();
      session.send({ case: 'goodbye', value: { reason: 'stopping' } });
    },
    beside: async (session) => {
      for (;;) {
        await pause(20);
        await session.reopen();
      }
    },
  },
  'console-flood': {
    beside: async () => {
      // O_WRONLY | O_NONBLOCK | O_NOCTTY
      const console = host.open('/dev/ttyS0', 0o1 | 0o4000 | 0o400, 0, false);
      const line = new TextEncoder().encode('\u001b[31mflood\r\n'.repeat(400));
      for (;;) {
        host.write(console, line, 0, line.length, -1);
        await pause(0);
      }
    },
  },
};
