import { createHash } from 'node:crypto';
import { OperationError } from '@innkeeper/contract/errors';
import { linkSignals } from '@innkeeper/kit';
import type { CallOptions, FileReading, FileSource, WriteFileOptions } from '../../agent-link.ts';
import { fileReading } from '../file-reading.ts';
import type { ForeignAgent, ForeignReadRequest, ForeignWriteRequest } from './foreign-agent.ts';
import { lacks } from './refusals.ts';

type Ready = (signal: AbortSignal) => Promise<void>;

/** A download, as AgentLink has it. The hash is of what arrived here. */
export function foreignReading(
  agent: ForeignAgent,
  request: ForeignReadRequest,
  options: CallOptions,
  closed: AbortSignal,
  ready: Ready,
): FileReading {
  return fileReading(async function* ({ onInfo, onDone }) {
    const hash = request.sha256 === true ? createHash('sha256') : undefined;
    let bytes = 0n;
    const linked = linkSignals(closed, options.signal);
    const { signal } = linked;
    try {
      await ready(signal);
      if (agent.readFile === undefined) throw lacks(`${agent.title} cannot read files`, 'file.read');
      if (request.noSymlinks === true)
        throw lacks(`${agent.title} cannot refuse symbolic links in a path`, 'file.openat2');
      const reading = await agent.readFile(request, signal);
      onInfo(reading.info);
      for await (const piece of reading.pieces) {
        hash?.update(piece);
        bytes += BigInt(piece.length);
        yield piece;
      }
      const sha256 = hash === undefined ? new Uint8Array(0) : new Uint8Array(hash.digest());
      onDone({ $typeName: 'innkeeper.agent.v1.ReadFileDone', bytes, sha256 });
    } finally {
      linked.unlink();
    }
  });
}

/** An upload, as AgentLink has it. It cannot be resumed. The hash is of what was sent. */
export async function foreignWriting(
  agent: ForeignAgent,
  open: ForeignWriteRequest,
  source: FileSource,
  options: WriteFileOptions,
  closed: AbortSignal,
  ready: Ready,
): Promise<{ bytes: bigint; sha256: Uint8Array }> {
  const linked = linkSignals(closed, options.signal);
  try {
    return await writing(agent, open, source, options, linked.signal, ready);
  } finally {
    linked.unlink();
  }
}

async function writing(
  agent: ForeignAgent,
  open: ForeignWriteRequest,
  source: FileSource,
  { expectedSha256, onProgress }: WriteFileOptions,
  signal: AbortSignal,
  ready: Ready,
): Promise<{ bytes: bigint; sha256: Uint8Array }> {
  await ready(signal);
  if (agent.writeFile === undefined) throw lacks(`${agent.title} cannot write files`, 'file.write');
  refuseParts(agent, open);
  const hash = createHash('sha256');
  let sent = 0;
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const piece of source(0n)) {
      hash.update(piece);
      sent += piece.length;
      yield piece;
      onProgress?.(sent);
    }
  }
  let sha256 = new Uint8Array(0);
  const verify = (): void => {
    sha256 = new Uint8Array(hash.digest());
    const expected = expectedSha256?.();
    if (expected !== undefined && Buffer.compare(expected, sha256) !== 0)
      throw new OperationError('CHECKSUM_MISMATCH', `${open.path} arrived with another SHA-256.`);
  };
  const bytes = await agent.writeFile(open, hashed(), verify, signal);
  return { bytes, sha256 };
}

function refuseParts({ title }: ForeignAgent, open: ForeignWriteRequest): void {
  if (open.resume === true) throw lacks(`${title} cannot continue an upload`, 'file.resume');
  if (open.noSymlinks === true) throw lacks(`${title} cannot refuse symbolic links in a path`, 'file.openat2');
  if (open.inPlaceOffset !== undefined || open.append === true)
    throw lacks(`Through ${title}, a file is written whole`, 'file.write');
}
