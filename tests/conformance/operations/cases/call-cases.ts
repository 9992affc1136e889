import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileServiceLite, ProcessServiceLite, TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { openCall } from '../../../../packages/agent-client/src/links/native/session/typed-call.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import { isAlive, processGone } from '../process-gone.ts';

export const callCases: readonly ConformanceCase[] = [
  {
    title: 'a method that this agent does not support is refused by name',
    needs: ['unknown requests'],
    run: async ({ client }) => {
      await assert.rejects(client.unknownOperation(), (error: { reason?: string }) =>
        ['UNKNOWN_METHOD', 'UNSUPPORTED_BY_AGENT'].includes(error.reason ?? ''),
      );
      await client.alive();
    },
  },
  {
    title: 'malformed arguments are refused, or ignored if they have no sender, and the session continues',
    needs: ['malformed requests'],
    run: async ({ client }) => {
      assert.equal(await client.malformed(), client.ignoresMalformed ? undefined : 'INVALID_ARGUMENT');
      await client.alive();
    },
  },
  {
    title: 'a running command does not block other calls',
    needs: ['requests at once', 'lines for a shell'],
    run: async ({ client }) => {
      const startMs = performance.now();
      const slow = client.run({ shell: 'sleep 1; echo slow' });
      await client.ping();
      assert.equal(`${(await client.run({ shell: 'echo quick' })).stdout}`, 'quick\n');
      const tookMs = performance.now() - startMs;
      assert.equal(`${(await slow).stdout}`, 'slow\n');
      assert.ok(performance.now() - startMs > tookMs, 'the quick command was blocked');
    },
  },
  {
    title: 'concurrent calls get their own responses',
    needs: ['requests at once', 'reading files'],
    run: async ({ client, folder }) => {
      const names = ['a', 'b', 'c', 'd', 'e', 'f'];
      await Promise.all(names.map((name) => writeFile(join(folder, name), name.repeat(30_000))));
      const contents = await Promise.all(names.map((name) => client.read(join(folder, name))));
      assert.deepEqual(
        contents.map((content) => `${content}`),
        names.map((name) => name.repeat(30_000)),
      );
    },
  },
  {
    title: 'a call ends at its deadline',
    needsNative: 'deadlines of calls',
    run: async ({ client }) => {
      const watch = openCall(client.session, TelemetryServiceLite.watch, { intervalMs: 60_000 }, { timeoutMs: 300 });
      assert.ok((await watch.next()) !== undefined);
      await assert.rejects(watch.next(), { reason: 'DEADLINE_EXCEEDED' });
    },
  },
  {
    title: 'a cancelled call ends, and the command that it followed keeps running',
    needsNative: 'cancelling',
    run: async ({ client }) => {
      const { exec, signal } = ProcessServiceLite;
      const start = { id: 'followed', argv: ['sleep', '300'] };
      const call = openCall(client.session, exec, { input: { case: 'start', value: start } });
      const started = (await call.next())?.event;
      assert.ok(started?.case === 'started');
      call.raw.cancel(new Error('not wanted'));
      await assert.rejects(call.next(), /not wanted/);
      await client.hello();
      assert.ok(await isAlive(started.value.pid));
      await openCall(client.session, signal, { id: 'followed', signal: 9 }).next();
      await processGone(started.value.pid);
    },
  },
  {
    title: 'a reader that does not read blocks only its own call',
    needsNative: 'flow control',
    run: async ({ client, folder }) => {
      const path = join(folder, 'big');
      await writeFile(path, new Uint8Array(4 * 1024 * 1024));
      const slow = openCall(client.session, FileServiceLite.read, { path });
      const endless = openCall(client.session, ProcessServiceLite.exec, {
        input: { case: 'start', value: { id: 'endless', argv: ['yes'] } },
      });
      for (let count = 0; count < 50; count++)
        assert.equal(
          (await openCall(client.session, TelemetryServiceLite.ping, { sequence: 1n }).next())?.sequence,
          1n,
        );
      await openCall(client.session, ProcessServiceLite.signal, { id: 'endless', signal: 9 }).next();
      let bytes = 0;
      for (let answer = await slow.next(); answer !== undefined; answer = await slow.next())
        if (answer.event.case === 'chunk') bytes += answer.event.value.data.length;
      assert.equal(bytes, 4 * 1024 * 1024);
      let ended = false;
      for (let answer = await endless.next(); answer !== undefined; answer = await endless.next())
        ended ||= answer.event.case === 'exited';
      assert.ok(ended);
    },
  },
  {
    title: 'a 65th call in a session is refused, and the others continue',
    needsNative: '64 calls at once',
    run: async ({ client }) => {
      const watches = Array.from({ length: 63 }, () =>
        openCall(client.session, TelemetryServiceLite.watch, { intervalMs: 60_000 }),
      );
      await Promise.all(watches.map((watch) => watch.next()));
      assert.equal((await openCall(client.session, TelemetryServiceLite.ping, {}).next())?.sequence, 0n);
      openCall(client.session, TelemetryServiceLite.watch, { intervalMs: 60_000 });
      assert.throws(() => openCall(client.session, TelemetryServiceLite.ping, {}), { reason: 'TOO_MANY_CALLS' });
    },
  },
];
