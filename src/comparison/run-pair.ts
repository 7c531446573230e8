/** Two runs to be compared; loaders name them by `pairKey`. */
export interface RunPair {
  readonly baselineId: string;
  readonly candidateId: string;
}

/** The loaders' key of two runs. */
export function pairKey({ baselineId, candidateId }: RunPair): string {
  return `${baselineId} ${candidateId}`;
}

/** The runs of a loader's key. */
export function parsePairKey(key: string): RunPair {
  const [baselineId = "", candidateId = ""] = key.split(" ");
  return { baselineId, candidateId };
}
