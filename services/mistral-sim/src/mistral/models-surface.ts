/** GET /v1/models and /v1/models/{id}: one entry per name, and no rate-limit headers at all. */
import { jsonReply, Refusal, type Reply } from '../http/reply.ts';
import type { Model, ModelTable } from '../models.ts';

/** 2025-09-13: any fixed instant. */
const CREATED = 1_757_721_600;

export function listModels(models: ModelTable): Reply {
  const data = models.all.flatMap((model) => [model.id, ...model.aliases].map((name) => card(model, name)));
  return jsonReply(200, { object: 'list', data });
}

export function oneModel(models: ModelTable, name: string): Reply {
  const model = models.find(name);
  if (model === undefined) {
    const body = {
      object: 'error',
      message: `The model '${name}' does not exist`,
      type: 'invalid_model',
      param: null,
      code: '1500',
    };
    throw new Refusal(jsonReply(404, body));
  }
  return jsonReply(200, card(model, name));
}

function card(model: Model, name: string): object {
  const chat = model.kind === 'chat';
  const names = [model.id, ...model.aliases];
  return {
    id: name,
    object: 'model',
    created: CREATED,
    owned_by: model.ownedBy,
    capabilities: {
      completion_chat: chat,
      function_calling: chat && model.tools,
      reasoning: model.reasoning !== 'none',
      completion_fim: model.fim,
      fine_tuning: false,
      vision: model.vision,
      ocr: model.kind === 'ocr',
      classification: model.kind === 'moderation',
      moderation: model.kind === 'moderation',
      audio: model.kind === 'audio',
      audio_transcription: model.kind === 'audio',
      audio_transcription_realtime: false,
      audio_speech: model.id.includes('-tts'),
    },
    name: model.id,
    description: `Simulated ${model.id}.`,
    max_context_length: model.contextTokens,
    aliases: names.filter((other) => other !== name),
    deprecation: model.deprecation ?? null,
    deprecation_replacement_model: null,
    default_model_temperature: model.temperature,
    type: 'base',
  };
}
