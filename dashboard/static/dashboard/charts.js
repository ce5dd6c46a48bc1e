// Draws every chart of a page from its block of JSON, in the theme's colours and the page's language.

const TOKEN = /^var\((--[\w-]+)\)$/;
const language = document.documentElement.lang || "en";
const phone = matchMedia("(max-width: 46rem)");

// A token's colour as the browser computes it: tokens may be light-dark() pairs.
const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);
function colour(token) {
  probe.style.color = `var(${token})`;
  return getComputedStyle(probe).color;
}

function coloured(value) {
  if (typeof value === "string") {
    const token = TOKEN.exec(value);
    return token ? colour(token[1]) : value;
  }
  if (Array.isArray(value)) return value.map(coloured);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, coloured(inner)]));
  }
  return value;
}

// Plotly knows English; other languages take their month names and separators from the browser.
function learn(locale) {
  if (locale.startsWith("en")) return;
  const months = (style) =>
    [...Array(12).keys()].map((m) =>
      new Intl.DateTimeFormat(locale, { month: style, timeZone: "UTC" }).format(Date.UTC(2023, m, 1)),
    );
  // 1 January 2023 was a Sunday, the first day of d3's week.
  const weekdays = (style) =>
    [...Array(7).keys()].map((d) =>
      new Intl.DateTimeFormat(locale, { weekday: style, timeZone: "UTC" }).format(Date.UTC(2023, 0, d + 1)),
    );
  const parts = new Intl.NumberFormat(locale).formatToParts(12345.6);
  const part = (type, otherwise) => parts.find((p) => p.type === type)?.value ?? otherwise;
  const chinese = locale.startsWith("zh");
  Plotly.register({
    moduleType: "locale",
    name: locale,
    dictionary: {},
    format: {
      days: weekdays("long"),
      shortDays: weekdays("short"),
      months: months("long"),
      shortMonths: months("short"),
      decimal: part("decimal", "."),
      thousands: part("group", ","),
      grouping: [3],
      currency: ["", ""],
      periods: ["AM", "PM"],
      dateTime: "%Y-%m-%d %H:%M",
      time: "%H:%M",
      date: "%Y-%m-%d",
      year: chinese ? "%Y年" : "%Y",
      month: chinese ? "%Y年%b" : "%b %Y",
      dayMonth: chinese ? "%b%-d日" : "%-d %b",
      dayMonthYear: chinese ? "%Y年%b%-d日" : "%-d %b %Y",
    },
  });
}

function prepared(source) {
  const figure = coloured(source);
  const font = getComputedStyle(document.body).fontFamily;
  figure.layout.font = { ...figure.layout.font, family: font };
  figure.layout.autosize = true;
  if (language.startsWith("zh") && figure.layout.xaxis?.hoverformat) {
    figure.layout.xaxis = { ...figure.layout.xaxis, hoverformat: "%Y年%b%-d日 %a" };
  }
  if (phone.matches) {
    // On a narrow screen the axis' title and wide margins cost more than they tell.
    figure.layout.xaxis = { ...figure.layout.xaxis, nticks: 4 };
    figure.layout.yaxis = { ...figure.layout.yaxis, title: undefined };
    figure.layout.margin = { ...figure.layout.margin, r: 6 };
  }
  return figure;
}

function draw(element) {
  const source = JSON.parse(document.getElementById(element.dataset.figure).textContent);
  const figure = prepared(source);
  const config = { responsive: true, displayModeBar: false, locale: language, doubleClick: false };
  element.querySelector(".chart-fallback")?.remove();
  return Plotly.react(element, figure.data, figure.layout, config).then(() => {
    if (element.dataset.drawn) return;
    element.dataset.drawn = "yes";
    element.on("plotly_click", ({ points }) => {
      const address = points[0]?.customdata?.[0];
      if (typeof address === "string" && address.startsWith("/") && !address.startsWith("//")) {
        location.assign(address);
      }
    });
  });
}

const charts = [...document.querySelectorAll("[data-figure]")];
if (charts.length) {
  learn(language);
  const drawAll = () => charts.forEach(draw);
  drawAll();
  document.addEventListener("themechange", drawAll);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  phone.addEventListener("change", drawAll);
}
