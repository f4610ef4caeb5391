/** What the codec gives and takes. Map fields are plain objects, 64-bit numbers are numbers, `bytes` are Uint8Array. */

export interface Timestamp {
  readonly seconds: number;
  readonly nanos: number;
}
export interface Any {
  readonly type_url: string;
  readonly value: Uint8Array;
}
export interface Status {
  readonly code: number;
  readonly message: string;
  readonly details?: readonly Any[];
}
export type StringMap = Readonly<Record<string, string>>;
export type Empty = Readonly<Record<string, never>>;

export interface PlatformMessage {
  readonly Architecture: string;
  readonly OS: string;
  readonly Variant?: string;
}
export interface Op {
  readonly inputs: readonly { readonly digest: string; readonly index: number }[];
  readonly source: { readonly identifier: string; readonly attrs: StringMap } | null;
  readonly platform: PlatformMessage | null;
}
export interface Definition {
  readonly def: readonly Uint8Array[];
  readonly metadata: Readonly<Record<string, { readonly caps: Readonly<Record<string, boolean>> }>>;
}
export interface Range {
  readonly start: { readonly line: number; readonly character: number };
  readonly end: { readonly line: number; readonly character: number };
}
export interface SourceInfo {
  readonly filename: string;
  readonly data: Uint8Array;
  readonly language: string;
}
export interface ErrorSource {
  readonly info: SourceInfo;
  readonly ranges: readonly Range[];
}

export interface Exporter {
  readonly Type: string;
  readonly Attrs: StringMap;
}
export interface SolveRequest {
  readonly Ref: string;
  readonly Definition: Definition | null;
  readonly ExporterDeprecated: string;
  readonly ExporterAttrsDeprecated: StringMap;
  readonly Session: string;
  readonly Frontend: string;
  readonly FrontendAttrs: StringMap;
  readonly Cache: { readonly Exports: readonly Exporter[]; readonly Imports: readonly Exporter[] } | null;
  readonly Entitlements: readonly string[];
  readonly FrontendInputs: Readonly<Record<string, Definition>>;
  readonly Internal: boolean;
  readonly Exporters: readonly Exporter[];
}
export interface Vertex {
  readonly digest: string;
  readonly inputs: readonly string[];
  readonly name: string;
  readonly cached?: boolean;
  readonly started?: Timestamp;
  readonly completed?: Timestamp;
  readonly error?: string;
}
export interface VertexStatus {
  readonly ID: string;
  readonly vertex: string;
  readonly name?: string;
  readonly current: number;
  readonly total: number;
  readonly timestamp: Timestamp;
  readonly started?: Timestamp;
  readonly completed?: Timestamp;
}
export interface VertexLog {
  readonly vertex: string;
  readonly timestamp: Timestamp;
  readonly stream: number;
  readonly msg: Uint8Array;
}
export interface VertexWarning {
  readonly vertex: string;
  readonly level: number;
  readonly short: Uint8Array;
  readonly detail: readonly Uint8Array[];
  readonly url: string;
  readonly info?: SourceInfo;
  readonly ranges: readonly Range[];
}
export interface StatusResponse {
  readonly vertexes: readonly Vertex[];
  readonly statuses: readonly VertexStatus[];
  readonly logs: readonly VertexLog[];
  readonly warnings: readonly VertexWarning[];
}
export interface UsageRecord {
  readonly ID: string;
  readonly Mutable: boolean;
  readonly InUse: boolean;
  readonly Size: number;
  readonly CreatedAt?: Timestamp;
  readonly LastUsedAt?: Timestamp;
  readonly UsageCount: number;
  readonly Description: string;
  readonly RecordType: string;
  readonly Shared: boolean;
  readonly Parents: readonly string[];
}
export interface PruneRequest {
  readonly filter: readonly string[];
  readonly all: boolean;
  readonly keepDuration: number;
  readonly reservedSpace: number;
  readonly maxUsedSpace: number;
}
export interface BuildkitVersion {
  readonly package: string;
  readonly version: string;
  readonly revision: string;
}
export interface WorkerRecord {
  readonly ID: string;
  readonly Labels: StringMap;
  readonly platforms: readonly PlatformMessage[];
  readonly GCPolicy: readonly {
    readonly all: boolean;
    readonly keepDuration?: number;
    readonly filters?: readonly string[];
    readonly maxUsedSpace?: number;
  }[];
  readonly BuildkitVersion: BuildkitVersion;
}
export interface BuildHistoryRequest {
  readonly ActiveOnly: boolean;
  readonly Ref: string;
  readonly EarlyExit: boolean;
  readonly Filter: readonly string[];
  readonly Limit: number;
}
export interface Descriptor {
  readonly media_type: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations: StringMap;
}
export interface BuildHistoryRecord {
  readonly Ref: string;
  readonly Frontend: string;
  readonly FrontendAttrs: StringMap;
  readonly Exporters: readonly Exporter[];
  readonly error?: Status;
  readonly CreatedAt: Timestamp;
  readonly CompletedAt?: Timestamp;
  readonly ExporterResponse: StringMap;
  readonly Result?: { readonly Attestations: readonly Descriptor[] };
  readonly Generation: number;
  readonly pinned: boolean;
  readonly numCachedSteps: number;
  readonly numTotalSteps: number;
  readonly numCompletedSteps: number;
  readonly numWarnings: number;
}

export interface Ref {
  readonly id: string;
  readonly def?: Partial<Definition>;
}
export interface Result {
  readonly ref?: Ref | null;
  readonly refs?: { readonly refs: Readonly<Record<string, Ref>> } | null;
  readonly metadata: Readonly<Record<string, Uint8Array>>;
}
export interface BridgeSolveRequest {
  readonly Definition: Definition | null;
  readonly Frontend: string;
  readonly FrontendOpt: StringMap;
  readonly allowResultReturn: boolean;
  readonly allowResultArrayRef: boolean;
  readonly CacheImports: readonly Exporter[];
  readonly FrontendInputs: Readonly<Record<string, Definition>>;
}

export interface Stat {
  readonly path: string;
  /** Go's os.FileMode. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Nanoseconds since the epoch. */
  readonly modTime: number;
  /** Of a symlink, or the earlier name of a hard link. */
  readonly linkname: string;
  readonly devmajor: number;
  readonly devminor: number;
}
export interface Packet {
  /** 0 stat, 1 request, 2 data, 3 end, 4 error. */
  readonly type: number;
  readonly stat: Partial<Stat> | null;
  readonly ID: number;
  readonly data: Uint8Array;
}

/** By the names of the schema. */
export interface Messages {
  readonly Empty: Empty;
  readonly Bytes: { readonly data: Uint8Array };
  readonly Status: Status;
  readonly HealthRequest: { readonly service: string };
  readonly HealthResponse: { readonly status: number };
  readonly Op: Op;
  readonly Definition: Definition;
  readonly ErrorSource: ErrorSource;
  readonly ErrorVertex: { readonly digest: string };
  readonly ListWorkersResponse: { readonly record: readonly WorkerRecord[] };
  readonly InfoResponse: { readonly buildkitVersion: BuildkitVersion };
  readonly SolveRequest: SolveRequest;
  readonly SolveResponse: { readonly ExporterResponse: StringMap };
  readonly StatusRequest: { readonly Ref: string };
  readonly StatusResponse: StatusResponse;
  readonly DiskUsageRequest: { readonly filter: readonly string[]; readonly ageLimit: number };
  readonly DiskUsageResponse: { readonly record: readonly UsageRecord[] };
  readonly PruneRequest: PruneRequest;
  readonly UsageRecord: UsageRecord;
  readonly BuildHistoryRequest: BuildHistoryRequest;
  readonly BuildHistoryEvent: { readonly type: number; readonly record: Partial<BuildHistoryRecord> };
  readonly UpdateBuildHistoryRequest: {
    readonly Ref: string;
    readonly Pinned: boolean;
    readonly Delete: boolean;
    readonly Finalize: boolean;
  };
  readonly ContentInfoRequest: { readonly digest: string };
  readonly ContentInfoResponse: { readonly info: { readonly digest: string; readonly size: number } };
  readonly ContentReadRequest: { readonly digest: string; readonly offset: number; readonly size: number };
  readonly ContentReadResponse: { readonly offset: number; readonly data: Uint8Array };
  readonly PongResponse: {
    readonly FrontendAPICaps: readonly { readonly ID: string; readonly Enabled: boolean }[];
    readonly LLBCaps: readonly { readonly ID: string; readonly Enabled: boolean }[];
    readonly Workers: readonly WorkerRecord[];
  };
  readonly ReturnRequest: { readonly result: Result | null; readonly error: Status | null };
  readonly BridgeSolveRequest: BridgeSolveRequest;
  readonly BridgeSolveResponse: { readonly ref?: string; readonly result: Result };
  readonly EvaluateRequest: { readonly Ref: string };
  readonly InputsResponse: { readonly Definitions: Readonly<Record<string, Definition>> };
  readonly ResolveImageConfigRequest: {
    readonly Ref: string;
    readonly Platform: PlatformMessage | null;
    readonly ResolveMode: string;
  };
  readonly ResolveImageConfigResponse: { readonly Digest: string; readonly Config: Uint8Array; readonly Ref: string };
  readonly ReadFileRequest: {
    readonly Ref: string;
    readonly FilePath: string;
    readonly Range: { readonly Offset: number; readonly Length: number } | null;
  };
  readonly ReadFileResponse: { readonly Data: Uint8Array };
  readonly ReadDirRequest: { readonly Ref: string; readonly DirPath: string; readonly IncludePattern: string };
  readonly ReadDirResponse: { readonly entries: readonly Partial<Stat>[] };
  readonly StatFileRequest: { readonly Ref: string; readonly Path: string };
  readonly StatFileResponse: { readonly stat: Partial<Stat> };
  readonly WarnRequest: VertexWarning & { readonly digest: string };
  readonly Packet: Packet;
  readonly CredentialsRequest: { readonly Host: string };
  readonly CredentialsResponse: { readonly Username: string; readonly Secret: string };
  readonly GetSecretRequest: { readonly ID: string };
  readonly CheckAgentRequest: { readonly ID: string };
}
