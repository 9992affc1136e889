/** What dialects have besides commands and whole files. Errors are OperationErrors or have their `reason`. */
export interface GuestAdmin {
  /** Entries by name, in requests of at most `atOnce`. */
  list(path: string, options: { readonly hidden: boolean; readonly atOnce: number }): Promise<Entry[]>;
  /** Of a symbolic link itself. */
  stat(path: string): Promise<Entry>;
  makeDirectory(path: string, options: { readonly parents: boolean; readonly mode: number }): Promise<void>;
  remove(path: string, options: { readonly recursive: boolean }): Promise<void>;
  /** Processes whose command line has this text in it. */
  processes(text: string): Promise<readonly GuestProcess[]>;
  signal(pid: number, signal: number): Promise<void>;
  machine(): Promise<{ readonly hostname: string; readonly kernel: string; readonly memoryTotalBytes: number }>;
  /** Names of packages that have this text in them; refused where the guest has no packages. */
  packages(text: string): Promise<readonly string[]>;
  capabilities(): Promise<readonly string[]>;
  /** A name that must be among them, and one that must not. */
  readonly capabilityNames: { readonly has: string; readonly lacks: string };
  /** The keys that may log in as a user. */
  keys(user: string): Promise<readonly string[]>;
  addKey(user: string, key: string): Promise<void>;
  removeKey(user: string, key: string): Promise<void>;
  /** CPUs by their number. */
  cpus(): Promise<readonly { readonly id: number; readonly online: boolean }[]>;
  /** Must be refused: of a CPU that does not exist. */
  switchOff(id: number): Promise<void>;
  /** Each must be refused, since the guest may be this machine. */
  refusedPassword(user: string): Promise<void>;
  refusedNetwork(link: string): Promise<void>;
  refusedUnit(name: string): Promise<void>;
}

export interface Entry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link';
  readonly size: number;
  readonly mode: number;
  readonly target: string;
}

export interface GuestProcess {
  readonly pid: number;
  readonly parentPid: number;
  readonly command: string;
  readonly user: string;
}
