import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { bootFloodingConsole, type FakeBoot } from '@innkeeper/hypervisor/fake';
import { WebSocket } from 'ws';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

function openConsole(api: ServedApi): { socket: WebSocket; text: (wanted: string) => Promise<string> } {
  const socket = new WebSocket(`ws+unix:${api.socketPath}:/v1/vms/one/console`);
  let seen = '';
  socket.on('message', (data: Buffer) => {
    seen += data.toString('latin1');
  });
  const text = async (wanted: string): Promise<string> => {
    while (!seen.includes(wanted)) await once(socket, 'message', { signal: AbortSignal.timeout(10_000) });
    return seen;
  };
  return { socket, text };
}

/** Prints what is typed. */
const echoing: FakeBoot = async (guest) => {
  guest.print('login: ');
  guest.onConsoleInput((bytes) => guest.print(bytes));
};

describe('/v1/vms/{vm}/console', () => {
  it('sends what was printed before, then what is printed, and takes what is typed', async () => {
    await using api = await serveApi({ boot: () => echoing });
    await api.createVm('one', { agent: false });
    const { socket, text } = openConsole(api);
    await text('login: ');
    socket.send(Buffer.from('root\r\n'));
    assert.equal(await text('root\r\n'), 'login: root\r\n');
  });

  it('closes when the VM ends', async () => {
    await using api = await serveApi({ boot: () => echoing });
    const { row } = await api.createVm('one', { agent: false });
    const { socket, text } = openConsole(api);
    await text('login: ');
    const closed = once(socket, 'close');
    api.driver.host.machine(row.id)?.crash('boom');
    assert.equal((await closed)[0], 1000);
  });

  it('keeps the daemon bounded whatever a guest prints', async () => {
    const printedBytes = 64 * 1024 * 1024;
    await using api = await serveApi({ boot: () => bootFloodingConsole(printedBytes) });
    const runner = await api.createVm('one', { agent: false });
    const { socket, text } = openConsole(api);
    await text('are not kept');
    const { head, droppedBytes, tail } = runner.running?.console.history() ?? assert.fail('it runs');
    assert.ok(head.length + tail.length <= 512 * 1024, `${head.length + tail.length} bytes`);
    assert.ok(droppedBytes > 0);
    socket.terminate();
  });
});
