/** The parts of `kubectl get … -o json` that are looked at (Kubernetes API, apps/v1 and core/v1). */

export interface KubernetesContainer {
  readonly name: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly env?: readonly KubernetesVariable[];
  readonly envFrom?: readonly {
    readonly prefix?: string;
    readonly configMapRef?: { readonly name: string };
    readonly secretRef?: { readonly name: string };
  }[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: string }[];
  readonly resources?: { readonly limits?: { readonly memory?: string; readonly cpu?: string } };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  readonly securityContext?: RunAs & {
    readonly privileged?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  };
  readonly livenessProbe?: KubernetesProbe;
  readonly readinessProbe?: KubernetesProbe;
}

interface RunAs {
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
}

export interface KubernetesVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly configMapKeyRef?: { readonly name: string; readonly key: string } };
}

export interface KubernetesProbe {
  readonly exec?: { readonly command?: readonly string[] };
  readonly httpGet?: { readonly path?: string; readonly port?: number | string };
}

export interface PodSpec {
  readonly securityContext?: RunAs;
  readonly restartPolicy?: string;
  readonly containers: readonly KubernetesContainer[];
  readonly volumes?: readonly (Readonly<Record<string, unknown>> & { readonly name: string })[];
}

export interface KubernetesWorkload {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly replicas?: number;
    readonly template: {
      readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
      readonly spec: PodSpec;
    };
  };
}

/** What runs of an image: its status tells the digest that a tag was pulled by. */
export interface KubernetesPod {
  readonly kind: 'Pod';
  readonly spec: PodSpec;
  readonly status?: {
    readonly containerStatuses?: readonly { readonly name: string; readonly imageID?: string }[] | null;
  };
}

/** What leads to pods, from inside the cluster or from outside. */
export interface KubernetesService {
  readonly kind: 'Service';
  readonly spec: {
    readonly type?: string;
    readonly selector?: Readonly<Record<string, string>> | null;
    readonly ports?: readonly {
      readonly port: number;
      readonly targetPort?: number | string;
      readonly nodePort?: number;
      readonly protocol?: string;
    }[];
  };
}

export interface KubernetesConfigMap {
  readonly kind: 'ConfigMap';
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>> | null;
}

export type KubernetesItem = KubernetesWorkload | KubernetesPod | KubernetesService | KubernetesConfigMap;
