"""LangChain's client against the API: `with_langchain.py BASE_URL KEY`. Ends with 1 where something failed."""

import asyncio
import sys

from langchain_openai import ChatOpenAI

base_url, key = sys.argv[1:]
model = ChatOpenAI(base_url=base_url, api_key=key, model="avtobus", seed=1, temperature=0.9, max_tokens=40, max_retries=0)
asked = [("system", "в чате спорят о погоде"), ("human", "что там завтра?")]

whole = model.invoke(asked)
assert whole.content and whole.usage_metadata["output_tokens"] > 0, whole
print(f"| LangChain, invoke | ok | {whole.content[:80]} |")

pieces = [piece.content for piece in model.stream(asked)]
assert "".join(pieces) == whole.content, (pieces, whole.content)
print(f"| LangChain, stream | ok | {len(pieces)} pieces |")

several = model.batch([asked, [("human", "ты кто?")]])
assert several[0].content == whole.content
print(f"| LangChain, batch | ok | {several[1].content[:80]} |")


async def at_once():
    return await asyncio.gather(*[model.ainvoke(asked) for _ in range(5)])


assert {answer.content for answer in asyncio.run(at_once())} == {whole.content}
print("| LangChain, five at once | ok | one seed, one text |")
