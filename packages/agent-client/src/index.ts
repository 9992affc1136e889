export type * from './agent-link.ts';
export type { LinkClock } from './clock.ts';
export { type AdoptedLinkOptions, createAdoptedLink } from './links/create-adopted-link.ts';
export { configureNetwork } from './links/json-frames/configure-network.ts';
export { type AgentLinkOptions, createAgentLink } from './links/native/create-agent-link.ts';
export { listLibvirtDomains } from './links/qga/list-libvirt-domains.ts';
export { hostClock } from './node/host-clock.ts';
export { openUnixChannel } from './node/unix-channel.ts';
