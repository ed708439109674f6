// What the pages do in a browser with scripts; without them links and forms do the same with whole pages.
(() => {
  'use strict';
  document.documentElement.classList.add('js');

  // A diagram can be drawn larger and smaller; it scrolls in its frame.
  const zoom = drawing => {
    const svg = drawing.querySelector('svg');
    if (!svg || drawing.previousElementSibling?.classList.contains('zoom')) return;
    const width = svg.width.baseVal.value;
    let scale = 1;
    const set = next => {
      scale = Math.min(8, Math.max(.25, next));
      svg.style.width = width * scale + 'px';
      svg.style.height = 'auto';
      svg.style.maxWidth = 'none';
    };
    const bar = document.createElement('div');
    bar.className = 'zoom';
    for (const [label, title, next] of [['+', 'larger', () => scale * 1.25], ['−', 'smaller', () => scale / 1.25], ['1:1', 'as drawn', () => 1], ['fit', 'as wide as the page', () => drawing.clientWidth / width]]) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'quiet';
      button.textContent = label;
      button.title = title;
      button.addEventListener('click', () => set(next()));
      bar.append(button);
    }
    drawing.before(bar);
    drawing.addEventListener('wheel', e => {
      if (!e.ctrlKey && !e.metaKey) return;
      e.preventDefault();
      set(scale * (e.deltaY < 0 ? 1.1 : 1 / 1.1));
    }, { passive: false });
  };

  // A click on a node says what its tooltip says, for fingers and keyboards.
  const details = drawing => {
    const said = document.createElement('p');
    said.className = 'muted';
    said.setAttribute('aria-live', 'polite');
    drawing.after(said);
    drawing.querySelectorAll('.node').forEach(node => {
      const title = node.querySelector('title');
      if (!title || node.closest('a')) return;
      node.setAttribute('tabindex', '0');
      node.setAttribute('role', 'button');
      const say = () => { said.textContent = title.textContent; };
      node.addEventListener('click', say);
      node.addEventListener('keydown', e => { if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); say(); } });
    });
  };

  const dress = root => {
    lapidaryFigures(root);
    root.querySelectorAll('.drawing').forEach(drawing => { zoom(drawing); details(drawing); });
  };

  // An element with data-live asks for its page again whenever the server says that something changed.
  const live = root => {
    const elements = root.querySelectorAll('[data-live]');
    elements.forEach(element => {
      const events = new EventSource(element.dataset.live);
      events.addEventListener('change', () => htmx.trigger(element, 'change-there'));
      events.addEventListener('end', () => { events.close(); htmx.trigger(element, 'change-there'); });
    });
  };

  dress(document);
  live(document);
  document.body.addEventListener('htmx:load', e => { if (e.detail.elt !== document.body) dress(e.detail.elt); });
  // A refused request still has a page worth showing.
  document.body.addEventListener('htmx:beforeSwap', e => {
    if (e.detail.xhr.status >= 400 && e.detail.xhr.status !== 204) { e.detail.shouldSwap = true; e.detail.isError = false; }
  });
})();
