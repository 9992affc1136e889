import { OperationError } from '@innkeeper/contract/errors';
import { parseJsonObject } from '../json-text.ts';
import { configureNetworkCall } from './configure-network.ts';
import { execCall } from './exec.ts';
import { healthCheckCall } from './health-check.ts';
import { maxDepth, maxValues } from './limits.ts';
import type { JsonCall } from './reply.ts';
import { reportStatusCall } from './report-status.ts';
import { textField } from './request-fields.ts';
import { writeFileCall } from './write-file.ts';

/**
 * A frame's request as a call.
 * @param freshId generates an id that no process or change of this agent has
 * @throws OperationError INVALID_ARGUMENT for malformed requests, UNSUPPORTED_BY_AGENT for unknown ones
 */
export function translateJsonRequest(body: Uint8Array, freshId: () => string): JsonCall {
  const fields = parseJsonObject(body, { maxDepth, maxValues });
  const type = textField(fields, 'type');
  switch (type) {
    case 'health_check':
      return healthCheckCall();
    case 'configure_network':
      return configureNetworkCall(fields, freshId());
    case 'exec':
      return execCall(fields, freshId());
    case 'report_status':
      return reportStatusCall();
    case 'write_file':
      return writeFileCall(fields);
    default:
      throw new OperationError('UNSUPPORTED_BY_AGENT', `This agent does not know the request "${type.slice(0, 60)}".`);
  }
}
