/**
 * Regenerates proto/golden: the cases of golden-cases.ts, encoded by `buf convert`, which shares no code with Innkeeper's
 * codecs. Only headers and the CRC are added here. Run by hand after adding a case: node tools/make-golden.ts
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { agentMessageCases, frameCases, type GoldenCase } from './golden-cases.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function bufConvert(type: string, json: GoldenCase['json']): Buffer {
  const buf = join(root, 'node_modules/.bin/buf');
  const args = ['convert', 'proto', '--type', type, '--from', '-#format=json', '--to', '-#format=binpb'];
  return execFileSync(buf, args, { cwd: root, input: JSON.stringify(json) });
}

/** CRC-32C bit by bit, as RFC 3720 appendix B.4 defines it; not the one that is tested. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

function length(bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(bytes.length);
  return header;
}

const magic = Buffer.from('51545801', 'hex');

function write(golden: GoldenCase, rows: Readonly<Record<string, Uint8Array>>): void {
  const path = join(root, 'proto/golden', `${golden.name}.hex`);
  mkdirSync(dirname(path), { recursive: true });
  const hex = Object.entries(rows).map(([name, bytes]) => {
    const lines =
      Buffer.from(bytes)
        .toString('hex')
        .match(/.{1,96}/g) ?? [];
    return `${name}\n${lines.map((line) => `  ${line}\n`).join('')}`;
  });
  writeFileSync(path, `# ${golden.about}\n# ${JSON.stringify(golden.json)}\n${hex.join('')}`);
}

for (const golden of agentMessageCases) {
  const message = bufConvert('limiquantix.agent.v1.AgentMessage', golden.json);
  const plain = Buffer.concat([length(message), message]);
  write(golden, { plain, magic: Buffer.concat([magic, plain]) });
}
for (const golden of frameCases) {
  const type = 'innkeeper.agent.v1.Frame';
  const fields = bufConvert(type, golden.json);
  // Encoded separately, since buf writes the fields of a oneof last, and the CRC must end the message.
  const message = Buffer.concat([fields, bufConvert(type, { crc32c: crc32c(fields) })]);
  write(golden, { frame: Buffer.concat([magic, length(message), message]) });
}
