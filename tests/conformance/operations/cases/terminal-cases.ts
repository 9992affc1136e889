import assert from 'node:assert/strict';
import type { ConformanceCase } from '../conformance-case.ts';
import { followExec } from '../native-client.ts';

export const terminalCases: readonly ConformanceCase[] = [
  {
    title: 'a command without input reads end of file immediately',
    needs: ['commands'],
    run: async ({ client }) => {
      const { stdout, exitCode } = await client.run({ shell: 'cat; echo read' });
      assert.deepEqual([`${stdout}`, exitCode], ['read\n', 0]);
    },
  },
  {
    title: 'input arrives completely and in order, followed by end of file',
    needs: ['standard input'],
    run: async ({ client }) => {
      const input = Buffer.from(Array.from({ length: 60_000 }, (_, index) => index).join('\n'));
      const { stdout, exitCode } = await client.run({ argv: ['cat', '-'], input });
      assert.ok(stdout.equals(input));
      assert.equal(exitCode, 0);
    },
  },
  {
    title: 'a terminal has the requested size, can be resized, and has a single stream',
    needsNative: 'terminals',
    run: async ({ client }) => {
      const shellCommand = 'trap "stty size; exit 4" WINCH; stty size; echo err >&2; while :; do sleep 0.02; done';
      await using exec = client.link.exec({ shellCommand, terminal: { columns: 101, rows: 33 }, stdin: true });
      let [text, resized] = ['', false];
      for await (const { event } of exec.events) {
        if (event.case === 'output') {
          assert.equal(event.value.stream, 1);
          text += new TextDecoder().decode(event.value.data);
        }
        if (text.includes('err') && !resized) {
          resized = true;
          await exec.resize(90, 20);
        }
        if (event.case === 'exited') assert.equal(event.value.status.value, 4);
      }
      assert.equal(text, '33 101\r\nerr\r\n20 90\r\n');
    },
  },
  {
    title: 'the end of input is sent to a terminal as its EOF character',
    needsNative: 'terminals',
    run: async ({ client }) => {
      const exec = client.link.exec({ argv: ['cat'], terminal: { columns: 80, rows: 24 }, stdin: true });
      const result = followExec(exec.events);
      await exec.writeStdin(Buffer.from('line\n'));
      await exec.endStdin();
      const { stdout, exited } = await result;
      assert.equal(`${stdout}`, 'line\r\nline\r\n');
      assert.equal(exited.status.value, 0);
    },
  },
  {
    title: 'a command whose reader disconnected can be followed again from any offset',
    needsNative: 'following a command again',
    run: async ({ client }) => {
      const first = client.link.exec({ shellCommand: 'echo one; read go; echo two', stdin: true });
      for await (const { event } of first.events) if (event.case === 'output') break;
      await first[Symbol.asyncDispose]();
      const again = client.link.attach(first.id, 2n);
      const result = followExec(again.events);
      await again.writeStdin(Buffer.from('go\n'));
      assert.equal(`${(await result).stdout}`, 'e\ntwo\n');
      assert.equal(`${(await followExec(client.link.attach(first.id, 4n).events)).stdout}`, 'two\n');
      await assert.rejects(followExec(client.link.attach('unknown', 0n).events), { reason: 'EXEC_NOT_FOUND' });
    },
  },
];
