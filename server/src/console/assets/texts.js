// Every text of the page, in both languages. A text may be a function of what it names.

const TEXTS = {
  skip: ["К содержанию", "Skip to content"],
  playground: ["Беседа", "Talk"],
  rooms: ["Комнаты", "Rooms"],
  live: ["Сейчас", "Live"],
  chats: ["Чаты", "Chats"],
  login: ["Войти", "Log in"],
  logout: ["Выйти", "Log out"],
  theme: ["Тёмная тема", "Dark theme"],
  language: ["English", "Русский"],
  away: ["Демон не отвечает. Он запущен?", "The daemon doesn't answer. Is it running?"],
  failed: [({ status }) => `Не вышло (${status})`, ({ status }) => `That failed (${status})`],
  overloaded: [({ seconds }) => `Сейчас слишком много работы; попробуйте через ${seconds} с`, ({ seconds }) => `Too much to do at the moment; try again in ${seconds} s`],
  tooOften: [({ seconds }) => `Слишком часто; попробуйте через ${seconds} с`, ({ seconds }) => `Too often; try again in ${seconds} s`],
  store_away: ["База данных не отвечает; причина — в журнале демона", "The database doesn't answer; the daemon's log says why"],
  stopping: ["Демон останавливается; попробуйте чуть позже", "The daemon is stopping; try again in a moment"],
  loginRefused: ["Эта ссылка уже использована или устарела, или такого ключа нет", "This link was used or is too old, or there is no such key"],
  loginNeeded: ["Сначала войдите", "Log in first"],
  loginHow: ["Ссылку для входа печатает эта команда на сервере, она годится один раз и десять минут:", "This command prints a link that logs you in, once, within ten minutes; run it on the server:"],
  loginKey: ["Или ключ, созданный командой maskarad key create ИМЯ --console", "Or a key made with maskarad key create NAME --console"],
  loggedIn: ["Вы вошли", "You are logged in"],
  key: ["Ключ", "Key"],
  noPersonas: ["Персон пока нет", "There are no personas yet"],
  persona: ["Персона", "Persona"],
  talkLead: ["Спросите что-нибудь. Ответ сочиняется на глазах.", "Ask something. The reply is made up before your eyes."],
  message: ["Сообщение", "Message"],
  send: ["Отправить", "Send"],
  stop: ["Стоп", "Stop"],
  you: ["Вы", "You"],
  regenerate: ["Ещё вариант", "Regenerate"],
  tryAgain: ["Попробовать ещё раз", "Try again"],
  whyPrompt: ["Почему такой промпт?", "Why this prompt?"],
  promptLead: ["Ровно это читает модель:", "This is exactly what the model reads:"],
  tokens: ["Токены", "Tokens"],
  tokenCount: [({ n }) => `${n} ${plural("ru", n, "токен", "токена", "токенов")}`, ({ n }) => `${n} ${plural("en", n, "token", "tokens")}`],
  speed: [({ n }) => `${n} ток/с`, ({ n }) => `${n} tok/s`],
  times: [({ queue, prompt, reply }) => `очередь ${queue} мс, промпт ${prompt} мс, ответ ${reply} мс`, ({ queue, prompt, reply }) => `queue ${queue} ms, prompt ${prompt} ms, reply ${reply} ms`],
  brokeOff: ["Ответ оборвался на полуслове", "The reply broke off"],
  fallback: ["годного ответа не вышло, это запасной", "nothing usable came; this is the fallback"],
  close: ["Закрыть", "Close"],
  clear: ["Заново", "Start anew"],
  settings: ["Настройки", "Settings"],
  asManifest: ["Как в манифесте", "As the manifest says"],
  copyYaml: ["Скопировать для манифеста", "Copy for the manifest"],
  copied: ["Скопировано", "Copied"],
  notCopied: ["Браузер не дал скопировать", "The browser wouldn't copy it"],
  temperature: ["Температура (0 — жадно)", "Temperature (0 takes the likeliest)"],
  top_k: ["Top-k (0 — выключен)", "Top-k (0 is off)"],
  top_p: ["Top-p", "Top-p"],
  repetition_penalty: ["Штраф за повторы", "Repetition penalty"],
  no_repeat_ngram_size: ["Не повторять n токенов подряд", "No repeats of n tokens"],
  max_new_tokens: ["Токенов в ответе", "Tokens of the reply"],
  context_length: ["Сообщений в контексте", "Messages of context"],
  seed: ["Зерно", "Seed"],
  pin: ["Закрепить", "Pin it"],
  roomsLead: ["Комната — это группа без Telegram: сядьте с несколькими персонами и посмотрите, как они ведут себя. Они слышат друг друга, но отвечают только людям.", "A room is a group without Telegram: sit down with several personas and see how they behave. They hear each other and answer people only."],
  newRoom: ["Новая комната", "New room"],
  title: ["Название", "Title"],
  kitchen: ["Кухня", "Kitchen"],
  who: ["Кто в ней", "Who sits in it"],
  openRoom: ["Открыть комнату", "Open the room"],
  noRooms: ["Комнат пока нет.", "There are no rooms yet."],
  messageCount: [({ n }) => `${n} ${plural("ru", n, "сообщение", "сообщения", "сообщений")}`, ({ n }) => `${n} ${plural("en", n, "message", "messages")}`],
  yourName: ["Ваше имя", "Your name"],
  guest: ["Гость", "Guest"],
  insanity: ["Режим безумия", "Insanity mode"],
  insanityHint: ["отвечает на всё", "answers everything"],
  roomHint: ["Зовите по имени, через @, или ответом на сообщение.", "Call by name, by @, or by replying."],
  log: ["Разговор", "Conversation"],
  reply: ["Ответить", "Reply"],
  replyTo: [({ name }) => `Ответить: ${name}`, ({ name }) => `Reply: ${name}`],
  cancel: ["Отмена", "Cancel"],
  typing: [({ name }) => `${name} печатает…`, ({ name }) => `${name} is typing…`],
  addPersona: ["Позвать", "Invite"],
  leave: ["Выгнать", "Send away"],
  deleteRoom: ["Удалить комнату", "Delete the room"],
  deleteAsk: [({ title }) => `Удалить «${title}»? Всё, что в ней сказано, забудется.`, ({ title }) => `Delete “${title}”? Everything said there is forgotten.`],
  yes: ["Да", "Yes"],
  lost: ["Связь с комнатой потеряна, восстанавливаю…", "The connection to the room is lost; trying again…"],
  gone: ["Этой комнаты больше нет", "This room is gone"],
  personas: ["Персоны", "Personas"],
  latencyHint: ["Время ответа — за последние две минуты, а если их не было, то с запуска.", "Reply times are those of the last two minutes, or since the start if there were none."],
  state: ["Состояние", "State"],
  replies: ["Ответов в минуту", "Replies a minute"],
  tokenRate: ["Токенов в секунду", "Tokens a second"],
  queue: ["Ждут ответа", "Waiting"],
  oldest: ["Дольше всех ждут, с", "Longest wait, s"],
  latency: ["Ответ, с: половина / 95 %", "Reply, s: median / 95 %"],
  memory: ["Память, МиБ", "Memory, MiB"],
  uptime: ["Работает", "Up"],
  chatCount: ["Чатов за сутки", "Chats in a day"],
  repliesHour: ["Ответов за час", "Replies in an hour"],
  lastFailure: ["Последняя неудача", "Last failure"],
  servedBy: ["обслуживает", "served by"],
  dayShort: ["д", "d"],
  whoDid: ["Кто", "Who"],
  repliesDay: ["Ответов за сутки", "Replies in a day"],
  errors: ["Недавние неудачи", "Recent failures"],
  noErrors: ["Неудач нет.", "None."],
  busiest: ["Самые живые чаты за сутки", "Busiest chats of the day"],
  noChats: ["Чатов не нашлось.", "No chats found."],
  hour: ["за час", "hour"],
  day: ["за сутки", "day"],
  when: ["Когда", "When"],
  where: ["Где", "Where"],
  what: ["Что", "What"],
  reason: ["Почему", "Why"],
  search: ["Искать по названию или номеру", "Search by title or number"],
  allPersonas: ["Все персоны", "All personas"],
  manifestSays: [({ value }) => `как в манифесте (${value})`, ({ value }) => `as the manifest says (${value})`],
  on: ["вкл", "on"],
  off: ["выкл", "off"],
  forget: ["Забыть", "Forget"],
  forgetAsk: [({ title }) => `Забыть всё о «${title}»? Вернуть нельзя.`, ({ title }) => `Forget everything of “${title}”? It can't be undone.`],
  forgotten: [({ n }) => `Забыто: ${n} ${plural("ru", n, "сообщение", "сообщения", "сообщений")}`, ({ n }) => `Forgotten: ${n} ${plural("en", n, "message", "messages")}`],
  inactive: ["закрыт для персоны", "closed to the persona"],
  untitled: ["без названия", "untitled"],
  read: ["Читать", "Read"],
  more: ["Ещё", "More"],
  audit: ["Журнал изменений", "Log of changes"],
  empty: ["Пусто.", "Nothing yet."],
};

// Words of the daemon's own that it tells programs.
const WORDS = {
  private: "личный", group: "группа", channel: "канал",
  ready: "готов", degraded: "не все в строю", unavailable: "никого не обслуживает",
  starting: "просыпается", standby: "в запасе", polling: "в строю", webhook: "в строю (webhook)", refused: "токен отвергнут", web: "здесь, без Telegram",
  fallback: "запасной ответ", discarded: "отброшено", forbidden: "нельзя писать", rejected: "отвергнуто", reset: "сброшено", failed: "не вышло",
  unknown: "неизвестно, дошло ли", overloaded: "слишком много работы",
  login: "вход", logout: "выход", insanity: "безумие", context_length: "контекст", forget: "забыто", read_texts: "чтение сообщений",
  room_created: "комната открыта", room_deleted: "комната удалена", room_joined: "позвана в комнату", room_left: "ушла из комнаты",
};

export const word = (name) => (current === "ru" ? WORDS[name] : undefined) ?? name.replaceAll("_", " ");

let current = choose();

function choose() {
  const kept = localStorage.getItem("language");
  if (kept === "ru" || kept === "en") return kept;
  const first = (navigator.languages ?? []).find((language) => /^(ru|en)\b/.test(language));
  return first?.startsWith("en") ? "en" : "ru";
}

function plural(language, n, one, few, many) {
  const form = new Intl.PluralRules(language).select(n);
  if (form === "one") return one;
  return language === "en" || form === "few" ? few : many;
}

export const language = () => current;

export function speak(language) {
  current = language;
  localStorage.setItem("language", language);
  document.documentElement.lang = language;
}

export function t(name, values = {}) {
  const text = TEXTS[name][current === "ru" ? 0 : 1];
  return typeof text === "function" ? text(values) : text;
}

export const number = (value, digits = 1) =>
  value === null || value === undefined || Number.isNaN(value) ? "–" : new Intl.NumberFormat(current, { maximumFractionDigits: digits }).format(value);

export const time = (text) =>
  text ? new Intl.DateTimeFormat(current, { dateStyle: "short", timeStyle: "short" }).format(new Date(text)) : "–";

export const clock = (text) => new Intl.DateTimeFormat(current, { timeStyle: "short" }).format(new Date(text));
