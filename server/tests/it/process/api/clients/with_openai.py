"""OpenAI's own client against the API: `with_openai.py BASE_URL KEY`. Prints what was tried, and ends with 1 where something failed."""

import sys

import openai

base_url, key = sys.argv[1:]
local = openai.OpenAI(base_url=base_url, api_key="unused", max_retries=0)
afar = {"X-Forwarded-For": "192.0.2.7"}
chat = local.chat.completions
asked = [{"role": "system", "content": "в чате спорят о погоде"}, {"role": "user", "content": "что там завтра?"}]
tried = []


def trial(name):
    def run(work):
        try:
            said = work()
            tried.append((name, "ok", said))
        except Exception as error:  # whatever it is, the table tells it
            tried.append((name, "FAILED", f"{type(error).__name__}: {error}"))
    return run


def refusal(kind, call):
    try:
        call()
    except kind as error:
        return f"{type(error).__name__}: {error.body['message'] if error.body else error}"
    raise AssertionError(f"it was not refused with {kind.__name__}")


@trial("models.list")
def _():
    names = [model.id for model in local.models.list()]
    assert names == ["avtobus", "polkson"], names
    return ", ".join(names)


@trial("models.retrieve")
def _():
    return local.models.retrieve("avtobus").id


@trial("chat")
def _():
    done = chat.create(model="avtobus", messages=asked, seed=1)
    assert done.choices[0].message.role == "assistant" and done.choices[0].message.content
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens
    return done.choices[0].message.content


@trial("the same seed, the same text; another, another")
def _():
    said = [chat.create(model="avtobus", messages=asked, seed=seed).choices[0].message.content for seed in (1, 1, 2)]
    assert said[0] == said[1] != said[2], said
    return "ok"


@trial("chat, streamed")
def _():
    whole = chat.create(model="avtobus", messages=asked, seed=3)
    pieces, usage = [], None
    for chunk in chat.create(model="avtobus", messages=asked, seed=3, stream=True, stream_options={"include_usage": True}):
        pieces += [choice.delta.content or "" for choice in chunk.choices]
        usage = chunk.usage or usage
    assert "".join(pieces) == whole.choices[0].message.content
    assert usage == whole.usage, (usage, whole.usage)
    return f"{len(pieces)} chunks"


@trial("chat, streamed by the client's helper")
def _():
    with chat.stream(model="avtobus", messages=asked, seed=3) as events:
        said = events.get_final_completion().choices[0]
    assert said.finish_reason in ("stop", "length")
    return said.message.content


@trial("n")
def _():
    done = chat.create(model="avtobus", messages=asked, seed=4, n=3)
    said = [choice.message.content for choice in done.choices]
    assert len(set(said)) == 3, said
    return "3 choices"


@trial("stop")
def _():
    whole = chat.create(model="avtobus", messages=asked, seed=5).choices[0].message.content
    word = whole.split()[1]
    cut = chat.create(model="avtobus", messages=asked, seed=5, stop=[word]).choices[0]
    assert word not in cut.message.content and cut.finish_reason == "stop", cut
    return f"{whole!r} before {word!r}"


@trial("max_tokens, max_completion_tokens")
def _():
    for name in ("max_tokens", "max_completion_tokens"):
        done = chat.create(model="avtobus", messages=asked, seed=6, **{name: 3})
        assert done.choices[0].finish_reason == "length" and done.usage.completion_tokens == 3, done
    return "3 tokens"


@trial("temperature 0")
def _():
    said = {chat.create(model="avtobus", messages=asked, temperature=0, seed=seed).choices[0].message.content for seed in (1, 2)}
    assert len(said) == 1
    return "one text for two seeds"


@trial("text completion, whole and streamed")
def _():
    whole = local.completions.create(model="polkson", prompt="что там завтра?", seed=7).choices[0].text
    pieces = [chunk.choices[0].text for chunk in local.completions.create(model="polkson", prompt="что там завтра?", seed=7, stream=True)]
    assert "".join(pieces) == whole
    return whole


@trial("an unknown model")
def _():
    return refusal(openai.NotFoundError, lambda: chat.create(model="nobody", messages=asked))


@trial("max_tokens 129")
def _():
    return refusal(openai.BadRequestError, lambda: chat.create(model="avtobus", messages=asked, max_tokens=129))


@trial("tools")
def _():
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    return refusal(openai.BadRequestError, lambda: chat.create(model="avtobus", messages=asked, tools=[tool]))


@trial("a wrong key from elsewhere")
def _():
    client = openai.OpenAI(base_url=base_url, api_key="mk_wrong", default_headers=afar, max_retries=0)
    return refusal(openai.AuthenticationError, client.models.list)


@trial("a good key from elsewhere, until its share is used up")
def _():
    client = openai.OpenAI(base_url=base_url, api_key=key, default_headers=afar, max_retries=0)
    client.models.list()
    return refusal(openai.RateLimitError, lambda: [client.models.list() for _ in range(20)])


for name, outcome, said in tried:
    print(f"| {name} | {outcome} | {str(said)[:100]} |".replace("\n", " "))
sys.exit(any(outcome != "ok" for _, outcome, _ in tried))
