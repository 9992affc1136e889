/** The port on which the agent listens on vsock, as hosts of microVMs expect it. */
export const vsockPort = 1024;

/** The CIDs whose connections are served, or all of them. */
export type VsockPeers = readonly number[] | 'any';

/** The host alone. */
export const defaultVsockPeers: VsockPeers = [2];

/** What is wrong with a peer: a CID or "any". */
export function vsockPeerProblem(text: string): string | undefined {
  return text === 'any' || (/^\d{1,10}$/.test(text) && Number(text) <= 0xffff_ffff)
    ? undefined
    : `"${text.slice(0, 20)}" is no CID of vsock: a number such as "2", which is the host, or "any"`;
}

/** Valid peers as numbers. */
export function vsockPeersOf(texts: readonly string[]): VsockPeers {
  return texts.includes('any') ? 'any' : texts.filter((text) => vsockPeerProblem(text) === undefined).map(Number);
}
