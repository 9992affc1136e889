/** Descriptors of the channels that a handover keeps, by the path of the socket and the name of the port. */
export interface KeptChannels {
  readonly sockets: Map<string, number>;
  readonly ports: Map<string, number>;
}

/** Those that are open now; at the start, those that were handed over. */
export const keptChannels: KeptChannels = { sockets: new Map(), ports: new Map() };

/** The numbers at the beginning of a state: its format, and the number of descriptors that follow. */
export const headBytes = 8;
