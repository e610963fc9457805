"""What a chat model is made with, whoever provides it."""

import pytest

from copilot.model_options import model_options, provider_of


def options(name, url="", key=""):
    return model_options(
        name, url=url, key=key, reply_tokens=600, seconds=10.0, retries=0, temperature=None
    )


@pytest.mark.parametrize("name", ["azure_openai:mine", "azure-openai:mine", "Azure_OpenAI:mine"])
def test_a_provider_is_read_as_langchain_reads_it(name):
    assert provider_of(name) == "azure_openai"
    made = options(name, url="https://mine.example")
    assert made["azure_deployment"] == "mine"
    assert made["azure_endpoint"] == "https://mine.example"
    assert "base_url" not in made


def test_no_key_of_the_environment_goes_to_an_address_of_our_own():
    assert options("openai:x", url="http://127.0.0.1:9/v1")["api_key"] == "none"
    assert "api_key" not in options("openai:x")


def test_ollama_has_its_own_words_for_the_same_bounds():
    made = options("ollama:x", url="http://127.0.0.1:9", key="k")
    assert made["num_predict"] == 600
    assert made["client_kwargs"] == {"timeout": 10.0, "headers": {"Authorization": "Bearer k"}}
    assert not {"max_tokens", "api_key"} & made.keys()
