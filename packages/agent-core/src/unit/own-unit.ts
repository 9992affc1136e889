/** Maximum number of units that are looked at. */
export const maxUnits = 4096;
/** The name under which packages install the agent. */
export const agentUnit = 'innkeeper-agent';

/** Services that end the guest or leave its normal operation when they are started. */
const powerUnits =
  /^(?:systemd-(?:halt|poweroff|reboot|kexec|soft-reboot|suspend|hibernate|hybrid-sleep|suspend-then-hibernate)|halt|reboot|single|sendsigs|umountfs|umountroot|killprocs|mount-ro|emergency|rescue)(?:\.service)?$/;

/** Whether a unit runs the agent: its usual name, or `own`. */
export function isOwnUnit(name: string, own: string): boolean {
  return name === own || name.replace(/\.service$/, '') === agentUnit;
}

export function isPowerUnit(name: string): boolean {
  return powerUnits.test(name);
}
