/** Architectures for which agents are built, by Debian's names. */
export type AgentArchitecture = 'amd64' | 'arm64';

export const agentArchitectures: readonly AgentArchitecture[] = ['amd64', 'arm64'];

/** One value for each architecture that has an agent. */
export type ByArchitecture<T> = Readonly<Partial<Record<AgentArchitecture, T>>>;

/** This host's architecture. */
export const hostArchitecture: AgentArchitecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

/** e_machine of elf(5). */
const machines: Readonly<Record<number, AgentArchitecture>> = { 62: 'amd64', 183: 'arm64' };

/** The architecture of a program, from its first 20 bytes; undefined when it is not an ELF file. */
export function machineOf(head: Uint8Array): AgentArchitecture | { readonly unknownMachine: number } | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (bytes.length < 20 || bytes.toString('latin1', 0, 4) !== '\x7fELF') return undefined;
  const isBigEndian = bytes[5] === 2;
  const machine = isBigEndian ? bytes.readUInt16BE(18) : bytes.readUInt16LE(18);
  const is64 = bytes[4] === 2;
  return (is64 && !isBigEndian ? machines[machine] : undefined) ?? { unknownMachine: machine };
}
