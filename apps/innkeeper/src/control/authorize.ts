/** Who asks. The unix socket is open to its owner alone, so whoever comes through it is the administrator. */
export interface Caller {
  readonly name: string;
}

/**
 * The one gate that every method and route passes, with the privilege that its `.proto` or its table names. Throws when
 * the caller may not.
 */
export type Authorize = (caller: Caller, privilege: string) => void;

export const socketOwner: Caller = { name: 'local' };

/** For the unix socket: its file permissions were the check. A method that names no privilege is open to nobody. */
export const authorizeSocketOwner: Authorize = (_caller, privilege) => {
  if (privilege === '') throw new Error('a method names no privilege');
};
