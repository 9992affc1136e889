import { spawn } from 'node:child_process';
import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import { kib, mib } from '@innkeeper/kit';
import { misbehaves } from '../../guest-claims.ts';

/** libvirt itself drops a longer answer. */
const maxAnswerBytes = 10 * mib;
const maxErrorBytes = 4 * kib;

interface Output {
  readonly code: number | null;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** Runs virsh to its end. Rejects with PROGRAM_MISSING, GUEST_MISBEHAVES for endless output, or the signal's reason. */
export function runVirsh(program: string, argv: readonly string[], signal: AbortSignal): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, {
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      env: { ...process.env, LC_ALL: 'C' },
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxAnswerBytes) chunks.push(chunk);
      else child.kill('SIGKILL');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(0, maxErrorBytes);
    });
    child.once('error', (error) => {
      const isMissing = 'code' in error && error.code === 'ENOENT';
      const missing = new OperationError(
        'PROGRAM_MISSING',
        'virsh is not installed on the node: apt-get install libvirt-clients.',
      );
      reject(isMissing ? missing : signal.aborted && isOperationError(signal.reason) ? signal.reason : error);
    });
    child.once('close', (code) => {
      if (bytes > maxAnswerBytes) reject(misbehaves(`An answer has more than ${maxAnswerBytes} bytes.`));
      else resolve({ code, stdout: Buffer.concat(chunks), stderr });
    });
  });
}
