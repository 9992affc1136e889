import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import {
  bitString,
  der,
  derTrue,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  utcTime,
  utf8String,
} from './der.ts';

/** Browsers take no certificate that is good for longer than 825 days. */
const lifetimeMs = 800 * 24 * 3_600_000;
/** For hosts whose clock is behind. */
const headStartMs = 3_600_000;

const oid = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectAlternativeName: '2.5.29.17',
  serverAuthentication: '1.3.6.1.5.5.7.3.1',
} as const;

/** A certificate (P-256) for these names and addresses, signed with its own key; PEM. */
export function makeSelfSigned(names: readonly string[], nowMs: number): { cert: string; key: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const toBeSigned = certificateBody(publicKey, names, nowMs);
  const signature = sign('sha256', toBeSigned, privateKey);
  const certificate = sequence(toBeSigned, sequence(objectIdentifier(oid.ecdsaWithSha256)), bitString(signature));
  return {
    cert: pem('CERTIFICATE', certificate),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function certificateBody(publicKey: KeyObject, names: readonly string[], nowMs: number): Buffer {
  const who = sequence(der(0x31, sequence(objectIdentifier(oid.commonName), utf8String('Innkeeper, self-signed'))));
  const serial = randomBytes(16);
  // Neither zero nor negative.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return sequence(
    der(0xa0, integer(Buffer.of(2))),
    integer(serial),
    sequence(objectIdentifier(oid.ecdsaWithSha256)),
    who,
    sequence(utcTime(nowMs - headStartMs), utcTime(nowMs + lifetimeMs)),
    who,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions(names))),
  );
}

function extensions(names: readonly string[]): Buffer[] {
  const extension = (id: string, value: Buffer, isCritical: boolean): Buffer =>
    sequence(objectIdentifier(id), isCritical ? derTrue : Buffer.of(), octetString(value));
  return [
    extension(oid.basicConstraints, sequence(), true),
    // digitalSignature
    extension(oid.keyUsage, der(0x03, Buffer.of(7, 0x80)), true),
    extension(oid.extendedKeyUsage, sequence(objectIdentifier(oid.serverAuthentication)), false),
    extension(oid.subjectAlternativeName, sequence(...names.map(alternativeName)), false),
  ];
}

function alternativeName(name: string): Buffer {
  if (isIPv4(name)) return der(0x87, Buffer.from(name.split('.').map(Number)));
  if (isIPv6(name)) return der(0x87, ipv6Bytes(name));
  return der(0x82, Buffer.from(name, 'ascii'));
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = new SocketAddress({ family: 'ipv6', address }).address.split('::', 2);
  const groupsOf = (text: string | undefined): string[] => (text === undefined || text === '' ? [] : text.split(':'));
  const [first, last] = [groupsOf(head), groupsOf(tail)];
  const zeros = Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0');
  const groups = [...first, ...zeros, ...last];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
