import { parseAddress } from '../network/ip-address.ts';

export interface IpEndpoint {
  readonly address: string;
  readonly port: number;
}

/** "ADDRESS:PORT", with an IPv6 address in brackets; "localhost" is 127.0.0.1, other names are not known to the agent. */
export function parseEndpoint(text: string): IpEndpoint | undefined {
  const [, four = '', six = '', digits = ''] = /^(?:([\w.]+)|\[([\da-fA-F:]+)\]):(\d{1,5})$/.exec(text) ?? [];
  const address = four === 'localhost' ? '127.0.0.1' : four || six;
  const port = Number(digits);
  return parseAddress(address) === undefined || port < 1 || port > 65_535 ? undefined : { address, port };
}
