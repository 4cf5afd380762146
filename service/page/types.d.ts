// What the service answers, as docs/http-api.md tells it; checked by tsc, never sent to a browser.

export type Decision = "selected" | "skipped" | "unavailable";

export interface Prediction {
  label: string;
  index: number;
  score: number;
}

export interface Segment {
  index: number;
  start_seconds: number;
  end_seconds: number;
  gflops: number;
  modalities: Record<string, { decision: Decision; probability: number | null }>;
  predictions: Prediction[];
  reason?: string;
}

export interface Range {
  start_seconds: number;
  end_seconds: number;
  label: string | null;
  index: number | null;
  score: number;
}

export interface Compute {
  gflops: number;
  gflops_dense: number;
  gflops_saved_ratio: number;
  gflops_by_component: Record<string, number>;
  flow_pairs_computed: number;
  flow_pairs_avoided: number;
  seconds_by_stage: Record<string, number>;
}

export interface Answer {
  request_id: string;
  model: { name: string; version: string };
  video: {
    duration_seconds: number;
    width: number;
    height: number;
    frame_rate: number;
    container: string;
    video_codec: string;
    audio_codec: string | null;
    rotation_degrees: number;
  };
  predictions: Prediction[];
  segments: Segment[];
  timeline: Range[];
  compute: Compute;
  policy: {
    mode: "adaptive" | "all";
    threshold: number;
    max_gflops: number | null;
    budget: number | null;
  };
  warnings: { code: string; detail: string }[];
}

export interface Problem {
  title: string;
  status: number;
  detail: string;
  code: string;
  request_id: string;
}

export type Line =
  | ({ type: "segment" } & Segment)
  | ({ type: "result" } & Answer)
  | ({ type: "problem" } & Problem)
  | { type: "cancelled" | "queued" | "running" | "failed" | "succeeded" };

export interface CurvePoint {
  threshold: number;
  accuracy: number;
  gflops: number;
  segments: number;
  accuracy_low: number | null;
  accuracy_high: number | null;
}

export interface Macs {
  conv: number;
  linear: number;
  lstm: number;
}

export interface Model {
  name: string;
  version: string;
  decoder: string;
  labels: string[];
  modalities: string[];
  curve: CurvePoint[];
  spec: {
    eval_segments: number;
    served_segments: number | null;
    threshold: number;
    costs: {
      recognition: Record<string, Macs>;
      policy_branches: Record<string, Macs>;
      policy_joint: Macs;
    } | null;
  };
}

export type JobState = "queued" | "running" | "succeeded" | "failed" | "cancelled";

export interface Job {
  id: string;
  state: JobState;
  place: number | null;
  progress: {
    segments_done: number;
    segments: number | null;
    seconds_done: number;
    video_seconds: number | null;
    gflops: number;
  };
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  expires_at: string | null;
  problem: Problem | null;
  result?: Answer | null;
}

export interface Sample {
  name: string;
  title: string;
  description: string;
  seconds: number;
  bytes: number;
}

/** The query of POST /classify, as the page uses it. */
export interface Query {
  policy: "adaptive" | "all";
  every_seconds?: number;
  segments?: number;
  budget?: number;
}

/** One answer to the page's video: on its way, complete, or refused. */
export interface Run {
  number: number;
  query: Query;
  name: string;
  state: "working" | "done" | "failed" | "stopped";
  segments: Segment[];
  answer: Answer | null;
  error: import("./problems.js").Refusal | null;
  point: CurvePoint | null;
}

/** What a page's part hears of a request on its way. */
export interface Listener {
  uploaded(share: number): void;
  segment(segment: Segment): void;
}
