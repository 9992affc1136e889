import assert from 'node:assert/strict';
import type { OperationRow } from '@innkeeper/store';
import { startTestNode, type TestNode } from './test-node.ts';

/** Maximum time that a test waits. */
export const timeout = AbortSignal.timeout(60_000);

/** A request for a VM. */
export const wanted = { name: 'one', image: 'tiny', cpus: 0, memoryBytes: 0n, diskBytes: 0n, tags: {}, start: true };

/** Resolves to an operation once it has ended. */
export async function done({ operations }: TestNode, begun: Promise<OperationRow>): Promise<OperationRow> {
  return await operations.finished((await begun).id, timeout);
}

/** Resolves when an operation has succeeded. */
export async function succeed(test: TestNode, begun: Promise<OperationRow>): Promise<void> {
  const row = await done(test, begun);
  assert.equal(row.state, 'succeeded', row.error ?? '');
}

/** The reason for which an operation failed; empty if it succeeded. */
export function reasonOf(row: OperationRow): string {
  return (JSON.parse(row.error ?? '{}') as { reason?: string }).reason ?? '';
}

/** A test node with the image "tiny". */
export async function withImage(...args: Parameters<typeof startTestNode>): Promise<TestNode> {
  const test = await startTestNode(...args);
  await succeed(test, test.node.images.build('tiny', '', false));
  return test;
}
