import { render } from 'preact';
import { LiveFeed } from './live/live-feed.ts';
import { Actions } from './live/actions.ts';
import { App } from './ui/app.tsx';

const place = document.getElementById('app');
if (place !== null) render(<App feed={new LiveFeed()} actions={new Actions()} />, place);
