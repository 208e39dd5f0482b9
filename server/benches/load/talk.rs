//! What people write: short and longer messages as they are common in chats.

use rand::Rng;
use rand::seq::IndexedRandom;

const MESSAGES: [&str; 24] = [
    "привет",
    "ты где?",
    "Автобус, ты где? Я уже полчаса стою на остановке и мёрзну.",
    "ну и погода сегодня",
    "а что ты думаешь про новый маршрут до вокзала?",
    "Расскажи что-нибудь интересное, а то скучно ехать.",
    "не верю",
    "Вчера опять опоздал на работу, потому что тебя не было. Начальник уже не верит, что виноват транспорт.",
    "ладно, шучу",
    "какой твой любимый цвет?",
    "ахаха",
    "А правда, что водители никогда не едят борщ за рулём?",
    "слушай, а сколько стоит проезд, если ехать с собакой, чемоданом и тёщей?",
    "да",
    "нет",
    "почему?",
    "Мне кажется, ты меня не понимаешь. Давай ещё раз: я спросил, во сколько последний рейс, а ты отвечаешь про погоду.",
    "хорошо, убедил",
    "завтра увидимся?",
    "Сегодня в городе праздник, все улицы перекрыли, и я шёл домой пешком через мост, мимо рынка и старого парка. \
     Красиво, конечно, но ноги гудят до сих пор.",
    "спокойной ночи",
    "доброе утро!",
    "что на обед?",
    "и всё-таки, кто был прав?",
];

/// Letters of a long message: some sixty tokens.
const LONG: usize = 205;

/// One of them.
pub(crate) fn message(random: &mut impl Rng) -> &'static str {
    MESSAGES.choose(random).expect("there are messages")
}

/// Several in one.
pub(crate) fn long_message(random: &mut impl Rng) -> String {
    let mut text = String::new();
    while text.chars().count() < LONG {
        text.push_str(message(random));
        text.push_str(". ");
    }
    text.chars().take(LONG).collect()
}
