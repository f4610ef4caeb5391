/** Answers of the API as they go over the wire (docker-engine-api v1.51), and the engine's own types that are wire types. */
import type { HostConfig, PortMap } from '../engine/host-config.js';
import type { ImageConfig } from '../engine/images.js';
import type { ContainerConfig, ContainerState, EndpointSettings } from '../engine/types.js';

export type { EngineEvent } from '../engine/events.js';
export type { HostConfig } from '../engine/host-config.js';
export type { HealthConfig, ImageConfig } from '../engine/images.js';
export type { ContainerConfig, ContainerState, EndpointSettings, ExecConfig, MountPoint } from '../engine/types.js';

export interface ErrorResponse {
  readonly message: string;
}

export interface ImageSummary {
  readonly Containers: number;
  /** Unix seconds. */
  readonly Created: number;
  readonly Id: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly ParentId: string;
  readonly RepoDigests: readonly string[];
  readonly RepoTags: readonly string[];
  /** -1: not asked for. */
  readonly SharedSize: number;
  readonly Size: number;
  readonly Manifests?: readonly ImageManifestSummary[];
}

export interface ImageManifestSummary {
  readonly ID: string;
  readonly Descriptor: {
    readonly mediaType: string;
    readonly digest: string;
    readonly size: number;
    readonly platform: { readonly architecture: string; readonly os: string; readonly variant?: string };
  };
  readonly Available: boolean;
  readonly Kind: 'image';
  /** Bytes. */
  readonly Size: { readonly Content: number; readonly Total: number };
  readonly ImageData: {
    readonly Platform: { readonly architecture: string; readonly os: string; readonly variant?: string };
    readonly Containers: readonly string[];
    readonly Size: { readonly Unpacked: number };
  };
}

export interface ImageInspect {
  readonly Id: string;
  readonly Manifests?: readonly ImageManifestSummary[];
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  readonly Parent: string;
  readonly Comment: string;
  readonly Created?: string;
  readonly DockerVersion: string;
  readonly Author: string;
  readonly Architecture: string;
  readonly Variant?: string;
  readonly Os: string;
  readonly Size: number;
  readonly GraphDriver: { readonly Name: string; readonly Data: Readonly<Record<string, string>> | null };
  readonly RootFS: { readonly Type: string; readonly Layers: readonly string[] };
  readonly Metadata: { readonly LastTagTime: string };
  readonly Config: { readonly [K in keyof ImageConfig]: ImageConfig[K] | null };
}

export interface ImageHistoryItem {
  readonly Comment: string;
  readonly Created: number;
  readonly CreatedBy: string;
  readonly Id: string;
  readonly Size: number;
  readonly Tags: readonly string[] | null;
}

/** One line of a pull, push, load or build. */
export interface ProgressMessage {
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  /** The bar that clients without their own print. */
  readonly progress?: string;
  readonly stream?: string;
  readonly aux?: unknown;
  readonly error?: string;
  readonly errorDetail?: { readonly message: string; readonly code?: number };
}

export interface IpamConfig {
  readonly Subnet?: string;
  readonly IPRange?: string;
  readonly Gateway?: string;
  readonly AuxiliaryAddresses?: Readonly<Record<string, string>>;
}

export interface NetworkInspect {
  readonly Name: string;
  readonly Id: string;
  readonly Created: string;
  readonly Scope: string;
  readonly Driver: string;
  readonly EnableIPv4: boolean;
  readonly EnableIPv6: boolean;
  readonly IPAM: {
    readonly Driver: string;
    readonly Options: Readonly<Record<string, string>> | null;
    readonly Config: readonly IpamConfig[] | null;
  };
  readonly Internal: boolean;
  readonly Attachable: boolean;
  readonly Ingress: boolean;
  readonly ConfigFrom: { readonly Network: string };
  readonly ConfigOnly: boolean;
  readonly Containers: Readonly<Record<string, NetworkContainer>>;
  readonly Options: Readonly<Record<string, string>>;
  readonly Labels: Readonly<Record<string, string>>;
}

export interface NetworkContainer {
  readonly Name: string;
  readonly EndpointID: string;
  readonly MacAddress: string;
  readonly IPv4Address: string;
  readonly IPv6Address: string;
}

export interface MountView {
  readonly Type: string;
  readonly Name?: string;
  readonly Source: string;
  readonly Destination: string;
  readonly Driver?: string;
  readonly Mode: string;
  readonly RW: boolean;
  readonly Propagation: string;
}

/** A container's place on a network, as inspect and the list show it. */
export interface EndpointView extends EndpointSettings {
  readonly NetworkID: string;
  readonly EndpointID: string;
  readonly Gateway: string;
  readonly IPAddress: string;
  readonly IPPrefixLen: number;
  readonly IPv6Gateway: string;
  readonly GlobalIPv6Address: string;
  readonly GlobalIPv6PrefixLen: number;
  readonly DNSNames: readonly string[] | null;
}

export interface ContainerInspect {
  readonly Id: string;
  readonly Created: string;
  readonly Path: string;
  readonly Args: readonly string[];
  readonly State: ContainerState;
  readonly Image: string;
  readonly ResolvConfPath: string;
  readonly HostnamePath: string;
  readonly HostsPath: string;
  readonly LogPath: string;
  /** With a leading slash. */
  readonly Name: string;
  readonly RestartCount: number;
  readonly Driver: string;
  readonly Platform: string;
  readonly MountLabel: string;
  readonly ProcessLabel: string;
  readonly AppArmorProfile: string;
  readonly ExecIDs: readonly string[] | null;
  readonly HostConfig: HostConfig;
  readonly GraphDriver: { readonly Data: Readonly<Record<string, string>> | null; readonly Name: string };
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
  readonly Mounts: readonly MountView[];
  readonly Config: { readonly [K in keyof ContainerConfig]: ContainerConfig[K] | null };
  readonly NetworkSettings: {
    readonly Bridge: string;
    readonly SandboxID: string;
    readonly SandboxKey: string;
    readonly Ports: PortMap;
    readonly HairpinMode: boolean;
    readonly LinkLocalIPv6Address: string;
    readonly LinkLocalIPv6PrefixLen: number;
    readonly SecondaryIPAddresses: null;
    readonly SecondaryIPv6Addresses: null;
    readonly EndpointID: string;
    readonly Gateway: string;
    readonly GlobalIPv6Address: string;
    readonly GlobalIPv6PrefixLen: number;
    readonly IPAddress: string;
    readonly IPPrefixLen: number;
    readonly IPv6Gateway: string;
    readonly MacAddress: string;
    readonly Networks: Readonly<Record<string, EndpointView>>;
  };
}

export interface ContainerSummary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly ImageID: string;
  readonly Command: string;
  /** Unix seconds. */
  readonly Created: number;
  readonly Ports: readonly {
    readonly IP?: string;
    readonly PrivatePort: number;
    readonly PublicPort?: number;
    readonly Type: string;
  }[];
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
  readonly Labels: Readonly<Record<string, string>>;
  readonly State: string;
  readonly Status: string;
  readonly HostConfig: { readonly NetworkMode: string };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, EndpointView>> };
  readonly Mounts: readonly MountView[];
}
