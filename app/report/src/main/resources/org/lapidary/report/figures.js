// lapidaryFigures(root) draws the charts under an element from the JSON of their figures, and makes its tables sortable.
(() => {
  'use strict';
  const tables = root => {
    root.querySelectorAll('details.numbers').forEach(d => { d.open = false; });
    root.querySelectorAll('table.sortable').forEach(sortable);
  };
  const sortable = table => {
    table.querySelectorAll('thead th').forEach((th, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...th.childNodes);
      th.append(button);
      button.addEventListener('click', () => {
        const down = th.getAttribute('aria-sort') === 'ascending';
        table.querySelectorAll('th').forEach(other => other.removeAttribute('aria-sort'));
        th.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        const key = row => {
          const cell = row.cells[column];
          return 'v' in cell.dataset ? Number(cell.dataset.v || 'NaN') : cell.textContent;
        };
        const body = table.tBodies[0];
        const rows = [...body.rows].map(row => [key(row), row]);
        rows.sort(([a], [b]) => {
          if (typeof a === 'number' && typeof b === 'number') {
            if (isNaN(a) || isNaN(b)) return isNaN(a) - isNaN(b);
            return down ? b - a : a - b;
          }
          return (down ? -1 : 1) * String(a).localeCompare(String(b), undefined, { numeric: true });
        });
        body.append(...rows.map(([, row]) => row));
      });
    });
  };

  const color = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  const palette = () => [1, 2, 3, 4, 5, 6, 7].map(i => color('c' + i));
  const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond', 'emptyCircle', 'emptyRect', 'emptyTriangle'];
  const DASHES = ['solid', [7, 3], [2, 3], [9, 3, 2, 3]];
  const brief = x => {
    if (x === null || x === undefined || Number.isNaN(x)) return '–';
    const m = Math.abs(x);
    if (m !== 0 && (m < 1e-3 || m >= 1e15)) return x.toExponential(1).replace('.0e', 'e').replace('e+', 'e');
    for (const [size, unit] of [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e4, 'k']]) {
      if (m >= size) return Number((x / (size === 1e4 ? 1e3 : size)).toPrecision(3)) + unit;
    }
    return String(Number(x.toPrecision(4)));
  };
  const text = s => s.replace(/[&<>"']/g, c => '&#' + c.charCodeAt(0) + ';');

  const axis = (type, name, extra) => ({
    type, name, nameLocation: 'middle', nameGap: 30,
    nameTextStyle: { color: color('muted'), fontSize: 12 },
    axisLabel: { color: color('muted'), fontSize: 11, hideOverlap: true, formatter: type === 'category' ? undefined : brief },
    axisLine: { onZero: false, lineStyle: { color: color('rule') } }, axisTick: { show: false },
    splitLine: { lineStyle: { color: color('rule'), opacity: .7 } }, ...extra });
  // The name of the upright axis lies over it, where it costs no width.
  const upright = (type, name, extra) => axis(type, name, {
    nameLocation: 'end', nameGap: 12, nameTextStyle: { color: color('muted'), fontSize: 12, align: 'left' },
    axisLine: { show: false, onZero: false }, ...extra });
  const base = () => ({
    color: palette(), animation: false, backgroundColor: 'transparent', textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: color('ink') },
    grid: { left: 4, right: 18, top: 34, bottom: 34, containLabel: true },
    tooltip: { backgroundColor: color('card'), borderColor: color('rule'), textStyle: { color: color('ink'), fontSize: 12 }, confine: true } });

  const lines = figure => {
    const whole = figure.series.every(s => s.x.every(Number.isInteger));
    const many = figure.series.length > 1;
    const positive = (x, log) => log && x <= 0 ? null : x;
    const series = [];
    figure.series.forEach((s, i) => {
      const shade = palette()[i % 7];
      if (s.low.length) {
        series.push({
          name: s.name, type: 'custom', silent: true, z: 1, color: shade, tooltip: { show: false },
          data: [Math.min, Math.max].map(best => [s.x[0], best(...[...s.low, ...s.high].filter(v => v !== null && !(figure.logY && v <= 0)))]),
          renderItem: (params, api) => { // two points stretch the axes, the first draws it all
            if (params.dataIndex > 0) return;
            const at = (x, y) => api.coord([x, y]);
            const ok = s.x.map((x, k) => k).filter(k => s.low[k] !== null && s.high[k] !== null
              && !(figure.logY && s.low[k] <= 0) && !(figure.logX && s.x[k] <= 0));
            return {
              type: 'polygon', silent: true,
              shape: { points: [...ok.map(k => at(s.x[k], s.high[k])), ...ok.reverse().map(k => at(s.x[k], s.low[k]))] },
              style: { fill: shade, opacity: .16 } };
          } });
      }
      series.push({
        name: s.name, type: 'line', z: 3, color: shade, data: s.x.map((x, k) => [positive(x, figure.logX), positive(s.y[k], figure.logY)]),
        symbol: SYMBOLS[i % 7], symbolSize: 6, showSymbol: s.x.length <= 40, sampling: 'lttb',
        lineStyle: { width: 2, type: DASHES[Math.floor(i / 7) % 4] } });
    });
    const option = { ...base(),
      xAxis: axis(figure.logX ? 'log' : 'value', figure.xLabel, { scale: true, minInterval: whole && !figure.logX ? 1 : undefined, splitLine: { show: false },
        min: figure.logX ? undefined : 'dataMin', max: figure.logX ? undefined : 'dataMax' }),
      yAxis: upright(figure.logY ? 'log' : 'value', figure.yLabel, { scale: true }),
      series };
    option.tooltip = { ...option.tooltip, trigger: 'axis', valueFormatter: brief, axisPointer: { lineStyle: { color: color('muted') } } };
    if (many) {
      option.legend = { data: figure.series.map(s => s.name), bottom: 0, type: 'scroll', icon: 'roundRect', itemWidth: 14, itemHeight: 4, textStyle: { color: color('ink'), fontSize: 12 },
        pageTextStyle: { color: color('muted') }, pageIconColor: color('muted') };
      option.grid.bottom = 64;
    }
    return option;
  };

  const histogram = figure => {
    const option = { ...base(),
      xAxis: axis('value', figure.xLabel, { scale: true, min: figure.edges[0], max: figure.edges[figure.edges.length - 1], splitLine: { show: false } }),
      yAxis: upright('value', 'count', {}),
      series: [{
        type: 'custom', color: color('c1'), encode: { x: [0, 1], y: 2 }, data: figure.counts.map((c, i) => [figure.edges[i], figure.edges[i + 1], c]),
        renderItem: (params, api) => {
          const [left, top] = api.coord([api.value(0), api.value(2)]);
          const [right, bottom] = api.coord([api.value(1), 0]);
          const gap = right - left > 5 ? 1 : 0;
          return { type: 'rect', shape: { x: left, y: top, width: Math.max(right - left - gap, .5), height: bottom - top }, style: { fill: color('c1'), opacity: .85 } };
        } }] };
    option.tooltip = { ...option.tooltip, formatter: p => `${brief(p.value[0])} to ${brief(p.value[1])}<br><b>${brief(p.value[2])}</b>` };
    return option;
  };

  const heatmap = (figure, element) => {
    const cells = [];
    let min = Infinity, max = -Infinity;
    figure.values.forEach((row, y) => row.forEach((v, x) => {
      if (v === null) return;
      cells.push({ value: [x, y, v] });
      min = Math.min(min, v); max = Math.max(max, v);
    }));
    if (min > max) { min = 0; max = 1; }
    const signed = min < 0 && max > 0;
    const reach = Math.max(Math.abs(min), Math.abs(max));
    // White on the strong cells of a light page, dark on those of a dark page.
    cells.forEach(cell => {
      const share = signed ? Math.abs(cell.value[2]) / reach : (cell.value[2] - min) / (max - min || 1);
      cell.label = { color: color(share > .55 ? 'card' : 'ink') };
    });
    const labelled = figure.columns.length * 46 < element.clientWidth - 90 && figure.rows.length <= 14;
    const option = { ...base(),
      grid: { left: 4, right: 14, top: 28, bottom: 68, containLabel: true },
      xAxis: axis('category', figure.xLabel, { data: figure.columns, splitLine: { show: false }, axisLine: { show: false } }),
      yAxis: upright('category', figure.yLabel, { data: figure.rows, inverse: true, nameLocation: 'start', splitLine: { show: false } }),
      visualMap: {
        type: 'continuous', min: signed ? -reach : min, max: signed ? reach : max, calculable: false, orient: 'horizontal', left: 'center', bottom: 0,
        itemWidth: 10, itemHeight: 150, text: [brief(signed ? reach : max), brief(signed ? -reach : min)], textStyle: { color: color('muted'), fontSize: 11 },
        inRange: { color: signed ? [color('minus'), color('middle'), color('plus')] : [color('low'), color('high')] } },
      series: [{ type: 'heatmap', data: cells, itemStyle: { borderColor: color('card'), borderWidth: cells.length > 4000 ? 0 : 1 },
        label: { show: labelled, fontSize: 10.5, formatter: p => brief(p.value[2]) },
        emphasis: { itemStyle: { borderColor: color('ink'), borderWidth: 1.5 } } }] };
    option.tooltip = { ...option.tooltip, formatter: p => `${text(figure.rows[p.value[1]])} · ${text(figure.columns[p.value[0]])}<br><b>${brief(p.value[2])}</b>` };
    return option;
  };

  const draw = { lines, histogram, heatmap };
  const chart = element => {
    const figure = JSON.parse(element.querySelector('script').textContent);
    const canvas = document.createElement('div');
    canvas.style.cssText = 'width:100%;height:100%';
    element.append(canvas);
    if (figure.type === 'heatmap') element.style.height = Math.min(680, Math.max(220, figure.rows.length * 24 + 130)) + 'px';
    const drawn = echarts.init(canvas, null, { renderer: figure.type === 'heatmap' ? 'canvas' : 'svg' });
    const paint = () => drawn.setOption(draw[figure.type](figure, canvas), true);
    paint();
    new ResizeObserver(() => { drawn.resize(); if (figure.type === 'heatmap') paint(); }).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);
  };

  window.lapidaryFigures = root => {
    tables(root);
    if (typeof echarts !== 'undefined') root.querySelectorAll('.chart:not(:has(canvas, svg))').forEach(chart);
  };
})();
