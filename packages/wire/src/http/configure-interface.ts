import type { NetworkReport } from '@innkeeper/contract/agent';
import { AddressMethod, NetworkServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { parseJsonObject } from '../json-text.ts';
import { type HttpCall, jsonReply } from './reply.ts';

const method = NetworkServiceLite.setNetwork;

/**
 * POST /configure-interface to SetNetwork, without a confirmation, which this dialect does not have: a static address until
 * the next restart, or DHCP through whatever configures the guest's network. The status is always 200, and `success` says
 * what happened.
 * @throws OperationError INVALID_ARGUMENT
 */
export function configureInterfaceCall(body: Uint8Array, freshId: string): HttpCall {
  const fields = parseJsonObject(body, { maxDepth: 2, maxValues: 50 });
  const name = textOf(fields, 'interface') ?? '';
  const address = textOf(fields, 'static_ip');
  const gateway = textOf(fields, 'gateway') ?? '';
  let report: NetworkReport | undefined;
  return {
    method: method.name,
    timeoutMs: method.timeoutMs,
    requests: function* () {
      if (name === '') throw new OperationError('INVALID_ARGUMENT', 'The field "interface" is missing.');
      const change = { id: freshId, interface: name, unconfirmed: true, ignoreGateway: true };
      const ipv4 =
        address === undefined
          ? { method: AddressMethod.DHCP }
          : { method: AddressMethod.STATIC, addresses: [address], gateway };
      yield liteEncode(method.input, { ...change, ipv4, temporary: address !== undefined });
    },
    take: (bytes) => {
      report = liteDecode(method.output, bytes);
      return false;
    },
    finish: (error) => {
      if (error !== undefined) return jsonReply(200, { success: false, error: `${error.reason}: ${error.message}` });
      return address === undefined
        ? jsonReply(200, { success: true, interface: name, mode: 'dhcp', dhcp_client: report?.manager ?? '' })
        : jsonReply(200, { success: true, interface: name, mode: 'static', ip: address, gateway });
    },
  };
}

/** Undefined if it is absent, null or empty. */
function textOf(fields: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new OperationError('INVALID_ARGUMENT', `The field "${name}" must be a text.`);
  return value;
}
