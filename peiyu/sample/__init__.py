"""The labelled synthetic sample: enterprises, facts, titles, findings and consents, drawn from a seed.

Nothing in it is about a real enterprise. Every name begins with 「（合成样例）」, every document number says 合成示例.
"""
