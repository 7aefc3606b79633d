/**
 * Acting by hand: asks for the token when the gateway wants one, asks again before what hurts, and says aloud (also to a
 * screen reader) what became of it.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ActionResult, Actions } from '../live/actions.ts';

type Act<Body> = (actions: Actions) => Promise<ActionResult<Body>>;

interface Question {
  readonly kind: 'token' | 'confirm';
  readonly title: string;
  readonly text: string;
  readonly yes: string;
  readonly answer: (said: string | undefined) => void;
}

export interface OperatorState {
  readonly question: Question | undefined;
  readonly notice: { readonly text: string; readonly isBad: boolean } | undefined;
  /** Undefined when it was not done; why has been said. */
  readonly act: <Body>(done: string, act: Act<Body>) => Promise<Body | undefined>;
  readonly confirm: (title: string, text: string, yes: string) => Promise<boolean>;
}

/** Long enough to be read twice. */
const NOTICE_MS = 8000;

export function useOperator(actions: Actions): OperatorState {
  const [question, setQuestion] = useState<Question | undefined>(undefined);
  const [notice, setNotice] = useState<OperatorState['notice']>(undefined);
  useEffect(() => {
    if (notice === undefined) return undefined;
    const timer = setTimeout(() => setNotice(undefined), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [notice]);

  return useMemo(() => {
    const ask = (asked: Omit<Question, 'answer'>): Promise<string | undefined> =>
      new Promise((resolve) => {
        const answer = (said: string | undefined): void => {
          setQuestion(undefined);
          resolve(said);
        };
        setQuestion({ ...asked, answer });
      });
    const act: OperatorState['act'] = async (done, run) => {
      let result = await run(actions);
      while (result.kind === 'refused' && result.status === 401) {
        const text = actions.hasToken
          ? 'The gateway did not take that token.'
          : 'This gateway takes changes only with its admin token. It is forgotten when this page is closed.';
        const token = await ask({ kind: 'token', title: 'Admin token', text, yes: 'Use it' });
        if (token === undefined) return undefined;
        actions.setToken(token);
        result = await run(actions);
      }
      if (result.kind === 'refused') {
        setNotice({ text: result.problem, isBad: true });
        return undefined;
      }
      if (done !== '') setNotice({ text: done, isBad: false });
      return result.body;
    };
    const confirm: OperatorState['confirm'] = async (title, text, yes) =>
      (await ask({ kind: 'confirm', title, text, yes })) !== undefined;
    return { question, notice, act, confirm };
  }, [actions, question, notice]);
}

export function Operator({ operator: { question, notice } }: { readonly operator: OperatorState }): ComponentChildren {
  return (
    <>
      {question !== undefined && <Ask question={question} />}
      <div class="notices" role="status" aria-live="polite">
        {notice !== undefined && <p class={`notice ${notice.isBad ? 'bad' : 'good'}`}>{notice.text}</p>}
      </div>
    </>
  );
}

function Ask({ question }: { readonly question: Question }): ComponentChildren {
  const dialog = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const { kind, title, text, yes, answer } = question;
  return (
    <dialog ref={dialog} class="ask" aria-labelledby="ask-title" onClose={() => answer(undefined)}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          answer(field.current?.value ?? '');
        }}
      >
        <h2 id="ask-title">{title}</h2>
        <p>{text}</p>
        {kind === 'token' && (
          <label>
            Token
            <input ref={field} type="password" autocomplete="off" required />
          </label>
        )}
        <div class="buttons">
          <button type="button" onClick={() => answer(undefined)}>
            Cancel
          </button>
          <button type="submit" class="primary">
            {yes}
          </button>
        </div>
      </form>
    </dialog>
  );
}
