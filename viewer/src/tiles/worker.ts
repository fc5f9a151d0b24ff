import { type DecodeAnswer, type DecodeRequest, decodeForGpu } from "./decoder";

const scope = self as unknown as DedicatedWorkerGlobalScope;

scope.onmessage = ({ data }: MessageEvent<DecodeRequest>) => {
  try {
    const values = decodeForGpu(data.buffer, data.kind, data.tileSize);
    const answer: DecodeAnswer = { id: data.id, values };
    scope.postMessage(answer, [values.buffer]);
  } catch (error) {
    const answer: DecodeAnswer = { id: data.id, error: error instanceof Error ? error.message : String(error) };
    scope.postMessage(answer);
  }
};
