// Draws a report's figures, and marks in its contents where the reader is.
(() => {
  'use strict';
  lapidaryFigures(document);

  const links = new Map([...document.querySelectorAll('nav a')].map(a => [a.hash.slice(1), a]));
  if ('IntersectionObserver' in window) {
    const watch = new IntersectionObserver(entries => entries.forEach(e => {
      if (!e.isIntersecting) return;
      links.forEach(a => a.classList.remove('here'));
      links.get(e.target.id)?.classList.add('here');
    }), { rootMargin: '-10% 0px -75% 0px' });
    document.querySelectorAll('main section').forEach(s => watch.observe(s));
  }
})();
