import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runProgram } from './run-program.ts';

const shell = (script: string, options?: Parameters<typeof runProgram>[2]) => runProgram('sh', ['-c', script], options);

it('runProgram() resolves to the exit code and both outputs, whatever the code is', async () => {
  const result = await shell('cat; echo words >&2; exit 3', { input: 'given' });
  assert.deepEqual(result, { exitCode: 3, stdout: 'given', stderr: 'words\n', truncated: false });
});

it('runProgram() reports a signal as 128 plus its number', async () => {
  assert.equal((await shell('kill -9 $$')).exitCode, 137);
});

it('runProgram() keeps the last bytes of endless output', async () => {
  const { stdout, truncated } = await shell('yes | head -c 5000000; echo end', { maxOutputBytes: 1000 });
  assert.equal(stdout.length, 1000);
  assert.ok(stdout.endsWith('end\n'));
  assert.equal(truncated, true);
});

it('runProgram() reports lines of stderr as they arrive, however they are split', async () => {
  const lines: string[] = [];
  await shell('printf "one\\ntw" >&2; printf "o\\r50%%\\n" >&2', { onErrorLine: (line) => lines.push(line) });
  assert.deepEqual(lines, ['one', 'two', '50%']);
});

it('runProgram() kills the program and its children at the deadline', async () => {
  const running = shell('sleep 1000 & sleep 1000', { timeoutMs: 50 });
  await assert.rejects(running, { reason: 'DEADLINE_EXCEEDED' });
});

it('runProgram() kills the program on abort and rejects with the signal’s reason', async () => {
  const abort = new AbortController();
  const reason = new Error('given up');
  const running = shell('echo started >&2; sleep 1000', {
    signal: abort.signal,
    onErrorLine: () => abort.abort(reason),
  });
  await assert.rejects(running, reason);
  await assert.rejects(shell('true', { signal: abort.signal }), reason);
});

it('runProgram() names the Debian package of a missing program', async () => {
  await assert.rejects(runProgram('no-such-program', []), { reason: 'PROGRAM_MISSING', nextStep: /apt-get install/ });
});

it('runProgram() passes nothing of this process’s environment to the program', async () => {
  process.env['INNKEEPER_TEST_SECRET'] = 'secret';
  assert.doesNotMatch((await shell('env')).stdout, /secret/);
  delete process.env['INNKEEPER_TEST_SECRET'];
});
