import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { bootFloodingConsole, type FakeBoot } from '@innkeeper/hypervisor/fake';
import { createDeferred, kib, mib } from '@innkeeper/kit';
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

  it('keeps the daemon bounded whatever a guest prints, and says what it did not keep', async () => {
    const printedBytes = 64 * mib;
    await using api = await serveApi({ boot: () => bootFloodingConsole(printedBytes) });
    const runner = await api.createVm('one', { agent: false });
    const console = runner.running?.console ?? assert.fail('it runs');
    // One that looks while it prints sees all that, so this one comes after.
    const { head: early, droppedBytes, tail: late } = console.history();
    let missingBytes = printedBytes - early.length - droppedBytes - late.length;
    const flooded = createDeferred<void>();
    console.onOutput((bytes) => {
      missingBytes -= bytes.length;
      if (missingBytes <= 0) flooded.resolve();
    });
    if (missingBytes > 0) await flooded.promise;
    const { socket, text } = openConsole(api);
    await text('are not kept');
    const { head, tail } = console.history();
    assert.ok(head.length + tail.length <= 256 * kib, `${head.length + tail.length} bytes`);
    socket.terminate();
  });

  it('tells a viewer who looks during a flood how much was not shown, also when nothing comes after', async () => {
    const typed: FakeBoot = async (guest) => {
      guest.print('ready');
      guest.onConsoleInput(() => {
        for (let count = 0; count < 64; count++) guest.print(new Uint8Array(mib));
      });
    };
    await using api = await serveApi({ boot: () => typed });
    await api.createVm('one', { agent: false });
    const { socket, text } = openConsole(api);
    await text('ready');
    socket.send(Buffer.from('x'));
    assert.match(await text('came too fast to be shown'), /\[innkeeper: \d+ bytes came too fast/);
  });
});
