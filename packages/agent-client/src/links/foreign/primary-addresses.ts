interface Nic {
  readonly name: string;
  readonly addresses: readonly { readonly address: string }[];
}

/** The first address of each family that other machines can use, for agents that do not say which one is the guest's. */
export function primaryAddressesOf(nics: readonly Nic[]): { address: string; interface: string; reason: string }[] {
  const found: { address: string; interface: string; reason: string }[] = [];
  for (const isSix of [false, true])
    for (const { name, addresses } of nics) {
      const first = addresses.find(({ address }) => address.includes(':') === isSix && isRoutable(address));
      if (first === undefined || found.some(({ address }) => address.includes(':') === isSix)) continue;
      found.push({ address: first.address, interface: name, reason: `the first address of ${name}` });
    }
  return found;
}

function isRoutable(address: string): boolean {
  return !/^(127\.|169\.254\.|fe[89ab]|::1$|$)/i.test(address);
}
