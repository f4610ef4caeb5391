/**
 * The messages of BuildKit's control, gateway and session services, in the protocol buffers' own language. Only fields that
 * are read or written here are named; decoders skip all others. Numbers are those of BuildKit 0.25.
 */

const wellKnown = `syntax = "proto3";
message Timestamp { int64 seconds = 1; int32 nanos = 2; }
message Any { string type_url = 1; bytes value = 2; }
message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
message Empty {}
message Bytes { bytes data = 1; }
message HealthRequest { string service = 1; }
message HealthResponse { int32 status = 1; }
`;

const definitions = `
message Platform { string Architecture = 1; string OS = 2; string Variant = 3; string OSVersion = 4; repeated string OSFeatures = 5; }
message Input { string digest = 1; int64 index = 2; }
message SourceOp { string identifier = 1; map<string, string> attrs = 2; }
message Op { repeated Input inputs = 1; SourceOp source = 3; Platform platform = 10; }
message OpMetadata { map<string, bool> caps = 5; }
message Definition { repeated bytes def = 1; map<string, OpMetadata> metadata = 2; }
message SourceInfo { string filename = 1; bytes data = 2; Definition definition = 3; string language = 4; }
message Position { int32 line = 1; int32 character = 2; }
message Range { Position start = 1; Position end = 2; }
message ErrorSource { SourceInfo info = 1; repeated Range ranges = 2; }
message ErrorVertex { string digest = 1; }
`;

const workers = `
message BuildkitVersion { string package = 1; string version = 2; string revision = 3; }
message GCPolicy { bool all = 1; int64 keepDuration = 2; int64 reservedSpace = 3; repeated string filters = 4; int64 maxUsedSpace = 5; int64 minFreeSpace = 6; }
message WorkerRecord { string ID = 1; map<string, string> Labels = 2; repeated Platform platforms = 3; repeated GCPolicy GCPolicy = 4; BuildkitVersion BuildkitVersion = 5; }
message ListWorkersResponse { repeated WorkerRecord record = 1; }
message InfoResponse { BuildkitVersion buildkitVersion = 1; }
`;

const control = `
message Exporter { string Type = 1; map<string, string> Attrs = 2; }
message CacheOptionsEntry { string Type = 1; map<string, string> Attrs = 2; }
message CacheOptions { repeated CacheOptionsEntry Exports = 4; repeated CacheOptionsEntry Imports = 5; }
message SolveRequest {
  string Ref = 1; Definition Definition = 2; string ExporterDeprecated = 3; map<string, string> ExporterAttrsDeprecated = 4;
  string Session = 5; string Frontend = 6; map<string, string> FrontendAttrs = 7; CacheOptions Cache = 8;
  repeated string Entitlements = 9; map<string, Definition> FrontendInputs = 10; bool Internal = 11; repeated Exporter Exporters = 13;
}
message SolveResponse { map<string, string> ExporterResponse = 1; }
message StatusRequest { string Ref = 1; }
message Vertex { string digest = 1; repeated string inputs = 2; string name = 3; bool cached = 4; Timestamp started = 5; Timestamp completed = 6; string error = 7; }
message VertexStatus { string ID = 1; string vertex = 2; string name = 3; int64 current = 4; int64 total = 5; Timestamp timestamp = 6; Timestamp started = 7; Timestamp completed = 8; }
message VertexLog { string vertex = 1; Timestamp timestamp = 2; int64 stream = 3; bytes msg = 4; }
message VertexWarning { string vertex = 1; int64 level = 2; bytes short = 3; repeated bytes detail = 4; string url = 5; SourceInfo info = 6; repeated Range ranges = 7; }
message StatusResponse { repeated Vertex vertexes = 1; repeated VertexStatus statuses = 2; repeated VertexLog logs = 3; repeated VertexWarning warnings = 4; }
message UsageRecord {
  string ID = 1; bool Mutable = 2; bool InUse = 3; int64 Size = 4; Timestamp CreatedAt = 6; Timestamp LastUsedAt = 7;
  int64 UsageCount = 8; string Description = 9; string RecordType = 10; bool Shared = 11; repeated string Parents = 12;
}
message DiskUsageRequest { repeated string filter = 1; int64 ageLimit = 2; }
message DiskUsageResponse { repeated UsageRecord record = 1; }
message PruneRequest { repeated string filter = 1; bool all = 2; int64 keepDuration = 3; int64 reservedSpace = 4; int64 maxUsedSpace = 5; int64 minFreeSpace = 6; }
message BuildHistoryRequest { bool ActiveOnly = 1; string Ref = 2; bool EarlyExit = 3; repeated string Filter = 4; int32 Limit = 5; }
message Descriptor { string media_type = 1; string digest = 2; int64 size = 3; map<string, string> annotations = 5; }
message BuildResultInfo { repeated Descriptor Attestations = 2; }
message BuildHistoryRecord {
  string Ref = 1; string Frontend = 2; map<string, string> FrontendAttrs = 3; repeated Exporter Exporters = 4; Status error = 5;
  Timestamp CreatedAt = 6; Timestamp CompletedAt = 7; Descriptor logs = 8; map<string, string> ExporterResponse = 9; BuildResultInfo Result = 10; int32 Generation = 12;
  bool pinned = 14; int32 numCachedSteps = 15; int32 numTotalSteps = 16; int32 numCompletedSteps = 17; Descriptor externalError = 18; int32 numWarnings = 19;
}
message BuildHistoryEvent { int32 type = 1; BuildHistoryRecord record = 2; }
message UpdateBuildHistoryRequest { string Ref = 1; bool Pinned = 2; bool Delete = 3; bool Finalize = 4; }
message ContentInfo { string digest = 1; int64 size = 2; }
message ContentInfoRequest { string digest = 1; }
message ContentInfoResponse { ContentInfo info = 1; }
message ContentReadRequest { string digest = 1; int64 offset = 2; int64 size = 3; }
message ContentReadResponse { int64 offset = 1; bytes data = 2; }
`;

const gateway = `
message APICap { string ID = 1; bool Enabled = 2; }
message PongResponse { repeated APICap FrontendAPICaps = 1; repeated APICap LLBCaps = 2; repeated WorkerRecord Workers = 3; }
message Ref { string id = 1; Definition def = 2; }
message RefMap { map<string, Ref> refs = 1; }
message Result { Ref ref = 3; RefMap refs = 4; map<string, bytes> metadata = 10; }
message ReturnRequest { Result result = 1; Status error = 2; }
message BridgeSolveRequest {
  Definition Definition = 1; string Frontend = 2; map<string, string> FrontendOpt = 3; bool allowResultReturn = 5; bool allowResultArrayRef = 6; bool Final = 10;
  repeated CacheOptionsEntry CacheImports = 12; map<string, Definition> FrontendInputs = 13; bool Evaluate = 14;
}
message BridgeSolveResponse { string ref = 1; Result result = 3; }
message EvaluateRequest { string Ref = 1; }
message InputsResponse { map<string, Definition> Definitions = 1; }
message ResolveImageConfigRequest { string Ref = 1; Platform Platform = 2; string ResolveMode = 3; string LogName = 4; }
message ResolveImageConfigResponse { string Digest = 1; bytes Config = 2; string Ref = 3; }
message FileRange { int64 Offset = 1; int64 Length = 2; }
message ReadFileRequest { string Ref = 1; string FilePath = 2; FileRange Range = 3; }
message ReadFileResponse { bytes Data = 1; }
message ReadDirRequest { string Ref = 1; string DirPath = 2; string IncludePattern = 3; }
message ReadDirResponse { repeated Stat entries = 1; }
message StatFileRequest { string Ref = 1; string Path = 2; }
message StatFileResponse { Stat stat = 1; }
message WarnRequest { string digest = 1; int64 level = 2; bytes short = 3; repeated bytes detail = 4; string url = 5; SourceInfo info = 6; repeated Range ranges = 7; }
`;

const session = `
message Stat {
  string path = 1; uint32 mode = 2; uint32 uid = 3; uint32 gid = 4; int64 size = 5; int64 modTime = 6; string linkname = 7;
  int64 devmajor = 8; int64 devminor = 9; map<string, bytes> xattrs = 10;
}
message Packet { int32 type = 1; Stat stat = 2; uint32 ID = 3; bytes data = 4; }
message CredentialsRequest { string Host = 1; }
message CredentialsResponse { string Username = 1; string Secret = 2; }
message GetSecretRequest { string ID = 1; map<string, string> annotations = 2; }
message CheckAgentRequest { string ID = 1; }
`;

export const schema = [wellKnown, definitions, workers, control, gateway, session].join('\n');
