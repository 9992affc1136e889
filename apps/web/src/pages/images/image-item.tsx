import type { Image } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { Link } from 'react-router';
import { CopyButton } from '../../components/copy-button.tsx';
import { Icon } from '../../components/icon.tsx';
import { TimeAgo } from '../../components/time-ago.tsx';
import { Badge } from '../../components/vm-badges.tsx';
import { formatBytes } from '../../format/format-bytes.ts';

export interface ImageItemProps {
  readonly image: Image;
  readonly mayChange: boolean;
  readonly busy: boolean;
  readonly onRemove: () => void;
}

/** One image: what it is, whether the agent is in it, and which VMs use it. */
export function ImageItem({ image, mayChange, busy, onRemove }: ImageItemProps): JSX.Element {
  const { name, format, virtualBytes, diskBytes, addedUnixNs, agentVersion, agentDetail, agentNextStep } = image;
  const refusal = removalRefusal(image, mayChange);
  return (
    <li className="image-item">
      <span className="image-name">
        <Icon name="images" />
        <strong className="ellipsis">{name}</strong>
      </span>
      <span className="image-facts dim number">
        {format}, {formatBytes(virtualBytes)} disk, {formatBytes(diskBytes)} on the host
        {image.initSystem !== '' && `, ${image.initSystem}`}
        {image.directKernel && ', boots Innkeeper’s kernel'}
      </span>
      <span className="image-agent">
        {agentVersion === '' ? (
          <Badge tone="warn" hint={[agentDetail, agentNextStep].filter(Boolean).join('\n') || 'Not prepared yet.'}>
            no agent
          </Badge>
        ) : (
          <Badge tone="ok" hint={`Version ${agentVersion} is in the prepared base.`}>
            agent {agentVersion}
          </Badge>
        )}
      </span>
      <span className="image-uses">
        <ImageUses image={image} />
      </span>
      <span className="image-added dim">
        <TimeAgo unixNs={addedUnixNs} />
        {image.sha256 !== '' && <CopyButton text={image.sha256} label={`Copy the SHA-256 of ${name}`} />}
      </span>
      <span data-hint={refusal}>
        <button
          type="button"
          className="icon-button small"
          aria-label={`Remove ${name}`}
          disabled={busy || refusal !== undefined}
          onClick={onRemove}
        >
          <Icon name="trash" size={15} />
        </button>
      </span>
    </li>
  );
}

/** A link to the list of the VMs that use the image. */
function ImageUses({ image: { name, vmCount } }: Pick<ImageItemProps, 'image'>): JSX.Element {
  if (vmCount === 0) return <span className="dim">no VM</span>;
  return (
    <Link data-list-item to={`/vms?filter=${encodeURIComponent(`image:${name}`)}`}>
      {vmCount === 1 ? '1 VM' : `${vmCount} VMs`}
    </Link>
  );
}

function removalRefusal({ vmCount }: Image, mayChange: boolean): string | undefined {
  if (!mayChange) return 'You lack the privilege node.manage';
  return vmCount === 0 ? undefined : 'VMs use this image; delete them first';
}
