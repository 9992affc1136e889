import { Code, ConnectError } from '@connectrpc/connect';
import { isOperationError, OperationError } from '@innkeeper/contract';
import { errorMessage } from '@innkeeper/kit';
import type { NodeLink } from './node-link.ts';

/** Codes of the Connect library itself, which say nothing about whether the node is there. */
const ownCodes: readonly Code[] = [Code.Canceled, Code.DeadlineExceeded, Code.Unimplemented, Code.ResourceExhausted];

/** The error when the node did not answer, or the connection broke. */
export function nodeUnreachable(link: NodeLink, cause: unknown): OperationError {
  link.note(false, errorMessage(cause));
  return new OperationError('NODE_UNREACHABLE', 'The node does not answer.', { cause });
}

/**
 * What a call to the node failed with, as the caller shall see it. An error of the node has a reason, and goes on as it is
 * without the headers that only concerned the way here; any other comes of the way, unless `signal` was the cause. A node
 * that gives a call up which nobody cancelled is about to stop.
 */
export function fromNodeError(error: unknown, link: NodeLink, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (isOperationError(error)) return error;
  const { code, rawMessage, metadata, details } = ConnectError.from(error);
  const reason = metadata.get('x-innkeeper-reason');
  if (reason === 'CANCELED') return nodeUnreachable(link, error);
  if (reason === null) return ownCodes.includes(code) ? error : nodeUnreachable(link, error);
  link.note(true);
  const nextStep = metadata.get('x-innkeeper-next-step') ?? '';
  const kept = new ConnectError(rawMessage, code, {
    'x-innkeeper-reason': reason,
    'x-innkeeper-next-step': nextStep,
  });
  kept.details = details;
  return kept;
}
