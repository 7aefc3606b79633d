import { describe, isObject, listOf, pick, stringOf } from '../json.ts';
import type { Json, JsonObject } from '../wire.ts';
import { withoutSchemaIds } from './json-schema.ts';
import { untranslatable } from './untranslatable.ts';

/** Tools and the choice among them, which belong together: `allowed_tools` is a choice that shortens the list. */
export function toolsToMistral(json: JsonObject): JsonObject {
  let tools = listOf(json.tools).map((tool, index) => toolToMistral(tool, `tools[${index}]`));
  let choice = json.tool_choice;
  if (isObject(choice) && choice.type === 'allowed_tools') {
    const allowed = isObject(choice.allowed_tools) ? choice.allowed_tools : choice;
    const names = new Set(listOf(allowed.tools).map(functionName));
    tools = tools.filter((tool) => names.has(functionName(tool)));
    choice = allowed.mode ?? 'auto';
  }
  // An empty list is refused in some places, and a choice among nothing means nothing.
  if (tools.length === 0) return {};
  const written: JsonObject = { tools };
  const chosen = toolChoice(choice);
  if (chosen !== undefined) written.tool_choice = chosen;
  return written;
}

function toolToMistral(tool: Json, path: string): JsonObject {
  if (!isObject(tool) || (tool.type ?? 'function') !== 'function' || !isObject(tool.function)) {
    const found = isObject(tool) ? tool.type : tool;
    throw untranslatable(path, `only function tools can be translated, found ${describe(found)}.`);
  }
  const { parameters } = tool.function;
  return {
    type: 'function',
    function: {
      ...pick(tool.function, ['name', 'description', 'strict']),
      parameters: isObject(parameters) ? withoutSchemaIds(parameters) : { type: 'object', properties: {} },
    },
  };
}

/** `any` is understood by every generation of the API, `required` only by the newer ones. */
function toolChoice(choice: Json | undefined): Json | undefined {
  if (choice === undefined || choice === null) return undefined;
  if (choice === 'required') return 'any';
  if (typeof choice === 'string') return choice;
  const name = functionName(choice);
  if (name === undefined) throw untranslatable('tool_choice', 'only a choice of functions can be translated.');
  return { type: 'function', function: { name } };
}

function functionName(tool: Json): string | undefined {
  return isObject(tool) && isObject(tool.function) ? stringOf(tool.function.name) : undefined;
}
