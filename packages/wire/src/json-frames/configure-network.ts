import { AddressMethod, NetworkServiceLite } from '@innkeeper/contract/agent-lite';
import { liteEncode } from '@innkeeper/contract/lite';
import { type JsonCall, jsonErrorReply, okReply } from './reply.ts';
import { type Fields, textField, textsField } from './request-fields.ts';

const method = NetworkServiceLite.setNetwork;

/**
 * configure_network to SetNetwork, of the interface of the default route or the only card: until the next restart, without
 * a confirmation, which this dialect does not have, and without asking whether the gateway answers.
 */
export function configureNetworkCall(fields: Fields, freshId: string): JsonCall {
  const ipv4 = {
    method: AddressMethod.STATIC,
    addresses: [textField(fields, 'ip')],
    gateway: textField(fields, 'gateway'),
  };
  const dns = [...textsField(fields, 'dns')];
  return {
    method: method.name,
    timeoutMs: method.timeoutMs,
    requests: () => [
      liteEncode(method.input, { id: freshId, ipv4, dns, temporary: true, unconfirmed: true, ignoreGateway: true }),
    ],
    take: () => false,
    finish: (error) => (error === undefined ? okReply({ message: 'network configured' }) : jsonErrorReply(error)),
  };
}
