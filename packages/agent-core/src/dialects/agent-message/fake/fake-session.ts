import { OperationError } from '@innkeeper/contract/errors';
import { silentLog } from '@innkeeper/kit';
import type { HeaderForm } from '@innkeeper/wire';
import { FakeHost } from '../../../fake/fake-host.ts';
import { Spool } from '../../../file/spool.ts';
import type { Bytes } from '../../../host.ts';
import { serveAgentMessage } from '../serve-agent-message.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeDispatcher } from './fake-dispatcher.ts';
import { FakePeer } from './fake-peer.ts';

const bytes: Bytes = {
  crc32c: () => 0,
  putCrc32c: () => undefined,
  hasCrc32c: () => true,
  matches: () => true,
  countLeadingZeros: () => 0,
  encodeBase64: () => 0,
  decodeBase64: () => 0,
  createSha256: () => {
    throw new Error('Not used here.');
  },
  random: (count) => Uint8Array.from({ length: count }, () => Math.floor(Math.random() * 256)),
};

/** A session between a fake peer and fake operations, in memory. */
export function fakeSession(
  options: { readonly form?: HeaderForm; readonly firstBytes?: Uint8Array; readonly reading?: boolean } = {},
) {
  const host = new FakePeer();
  if (options.reading === false) host.stopReading();
  const clock = new FakeClock();
  const agent = new FakeDispatcher();
  const guest = new FakeHost();
  guest.files.putFolder('/var/tmp');
  const controller = new AbortController();
  const { form = 'plain', firstBytes } = options;
  const { channel } = host;
  const log = silentLog;
  const done = serveAgentMessage({
    channel,
    dispatcher: agent,
    clock,
    bytes,
    createSpool: () => new Spool(guest),
    log,
    form,
    firstBytes,
    signal: controller.signal,
  });
  const end = async (): Promise<void> => {
    controller.abort(new OperationError('CANCELED', 'The test has ended.'));
    host.readOn();
    await done;
  };
  return { host, clock, agent, guest, done, end };
}
