"use strict";
// Renders /openapi.json. Every text is set with textContent, so nothing in a document can become markup.

const METHODS = ["get", "post", "put", "patch", "delete"];
const SHOWN = 200000; // characters of an answer that are shown
let api = {};
let token = null;

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

function resolved(schema) {
  let found = schema || {};
  for (let depth = 0; found.$ref && depth < 20; depth += 1) {
    found = found.$ref.slice(2).split("/").reduce((node, part) => (node || {})[part], api) || {};
  }
  return found;
}

function typeOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  const options = schema.anyOf || schema.oneOf;
  if (options) return options.map(typeOf).join(" | ");
  if (schema.type === "array") return `${typeOf(schema.items) || "any"}[]`;
  if (schema.enum) return schema.enum.map(String).join(" | ");
  if (schema.const !== undefined) return String(schema.const);
  return [schema.type, schema.format].filter(Boolean).join(" · ") || "any";
}

function example(schema, depth = 0) {
  const found = resolved(schema);
  if (found.examples) return found.examples[0];
  if (found.example !== undefined) return found.example;
  if (found.default !== undefined) return found.default;
  if (found.const !== undefined) return found.const;
  if (found.enum) return found.enum[0];
  const options = found.anyOf || found.oneOf || found.allOf;
  if (options) return example(options.find((option) => option.type !== "null") || options[0], depth);
  if (depth > 6) return null;
  if (found.type === "array") return [example(found.items, depth + 1)];
  if (found.properties) {
    return Object.fromEntries(Object.entries(found.properties).map(([name, value]) => [name, example(value, depth + 1)]));
  }
  if (found.type === "object") return {};
  return { integer: 0, number: 0, boolean: false, null: null }[found.type] ?? "";
}

function table(heads, rows) {
  return make("table", {},
    make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { text })))),
    make("tbody", {}, ...rows.map((cells) => make("tr", {}, ...cells.map((cell) =>
      (cell instanceof Node ? make("td", {}, cell) : make("td", { text: cell === undefined ? "" : String(cell) })))))));
}

function fields(schema) {
  const found = resolved(schema);
  if (!found.properties) return make("p", { class: "quiet", text: typeOf(schema) });
  const required = new Set(found.required || []);
  return table(["字段", "类型", "必填", "说明"], Object.entries(found.properties).map(([name, value]) => [
    make("code", { text: name }), typeOf(value), required.has(name) ? "是" : "", value.description || resolved(value).description,
  ]));
}

function parametersOf(item, operation) {
  return [...(item.parameters || []), ...(operation.parameters || [])].map(resolved);
}

function responsesOf(operation) {
  const rows = Object.entries(operation.responses || {}).map(([status, answer]) => {
    const found = resolved(answer);
    const content = Object.entries(found.content || {});
    const kinds = content.map(([kind, media]) => (media.schema ? `${kind}：${typeOf(media.schema)}` : kind)).join("\n");
    return [make("code", { text: status }), found.description, kinds];
  });
  const good = Object.entries(operation.responses || {}).find(([status]) => status.startsWith("2"));
  const media = good && Object.values(resolved(good[1]).content || {})[0];
  return [
    make("h3", { text: "返回" }), table(["状态", "说明", "内容"], rows),
    media && media.schema ? make("h3", { text: "返回字段" }) : null,
    media && media.schema ? fields(media.schema) : null,
  ];
}

function bodyOf(operation) {
  const content = operation.requestBody && resolved(operation.requestBody).content;
  if (!content) return null;
  const [kind, media] = Object.entries(content)[0];
  return { kind, schema: media.schema || {} };
}

function urlOf(path, inputs) {
  let url = path;
  const query = new URLSearchParams();
  for (const { parameter, input } of inputs) {
    if (parameter.in === "path") url = url.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (parameter.in === "query" && input.value !== "") query.append(parameter.name, input.value);
  }
  return query.size ? `${url}?${query}` : url;
}

function payload(body, area, files) {
  if (!body) return undefined;
  if (body.kind.startsWith("multipart/")) {
    const form = new FormData();
    for (const [name, input] of files) {
      if (input.type !== "file") { if (input.value !== "") form.append(name, input.value); continue; }
      for (const file of input.files) form.append(name, file);
    }
    return form;
  }
  return area.value;
}

function answerText(text, kind) {
  let shown = text;
  if (kind.includes("json") && !kind.includes("ndjson")) {
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* shown as it came */ }
  }
  return shown.length > SHOWN ? `${shown.slice(0, SHOWN)}\n……（共 ${shown.length} 个字符，只显示开头）` : shown;
}

function trial(path, method, item, operation) {
  const inputs = parametersOf(item, operation).filter((each) => each.in !== "cookie").map((parameter) => ({
    parameter,
    input: make("input", { placeholder: parameter.required ? "必填" : "可不填", "aria-label": parameter.name }),
  }));
  const body = bodyOf(operation);
  const multipart = body && body.kind.startsWith("multipart/");
  const area = make("textarea", { "aria-label": "请求内容", spellcheck: "false" });
  const files = multipart
    ? Object.entries(resolved(body.schema).properties || {}).map(([name, value]) => {
      const binary = value.format === "binary" || value.contentMediaType !== undefined;
      return [name, make("input", { type: binary ? "file" : "text", "aria-label": name })];
    })
    : [];
  if (body && !multipart) {
    area.value = body.kind.includes("json") ? JSON.stringify(example(body.schema), null, 2) : "grant_type=client_credentials";
  }
  const result = make("div", {});
  const send = make("button", { class: "main", text: "发送" });
  send.addEventListener("click", async () => {
    send.disabled = true;
    result.replaceChildren(make("p", { class: "quiet", text: "正在发送……" }));
    const headers = new Headers();
    for (const { parameter, input } of inputs) {
      if (parameter.in === "header" && input.value !== "") headers.set(parameter.name, input.value);
    }
    if (token) headers.set("Authorization", `Bearer ${token}`);
    if (body && !multipart) headers.set("Content-Type", body.kind);
    const url = urlOf(path, inputs);
    const begun = performance.now();
    try {
      const answer = await fetch(url, { method: method.toUpperCase(), headers, body: payload(body, area, files) });
      const text = await answer.text();
      const milliseconds = Math.round(performance.now() - begun);
      const names = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
      result.replaceChildren(
        make("p", { class: answer.ok ? "" : "problem", text: `状态 ${answer.status}，用时 ${milliseconds} 毫秒` }),
        make("pre", { text: answerText(text, answer.headers.get("content-type") || "") || "（无内容）" }),
        make("details", {}, make("summary", { text: "响应头" }), make("div", {}, make("pre", { text: names }))),
      );
    } catch (error) {
      result.replaceChildren(make("p", { class: "problem", text: `没有得到应答：${error.message}` }));
    }
    send.disabled = false;
  });
  const rows = inputs.map(({ parameter, input }) => [
    make("code", { text: parameter.name }),
    { path: "路径", query: "查询", header: "请求头" }[parameter.in],
    typeOf(parameter.schema), parameter.description, input,
  ]);
  return [
    rows.length ? make("h3", { text: "参数" }) : null,
    rows.length ? table(["名称", "位置", "类型", "说明", "取值"], rows) : null,
    body ? make("h3", { text: `请求内容（${body.kind}）` }) : null,
    body ? fields(body.schema) : null,
    multipart ? table(["字段", "取值"], files.map(([name, input]) => [make("code", { text: name }), input])) : null,
    body && !multipart ? area : null,
    make("div", { class: "bar" }, send),
    result,
  ];
}

function operationNode(path, method, item, operation) {
  const open = Array.isArray(operation.security) && operation.security.length === 0;
  const inside = make("div", {});
  const node = make("details", {},
    make("summary", {},
      make("span", { class: `method ${method}`, text: method }),
      make("span", { class: "path", text: path }),
      make("span", { class: "quiet", text: `${operation.summary || ""}${open ? "（公开）" : ""}` })),
    inside);
  node.addEventListener("toggle", () => {
    if (!node.open || inside.childElementCount) return;
    inside.append(...[
      ...(operation.description || "").split("\n\n").filter(Boolean).map((text) => make("p", { text })),
      ...trial(path, method, item, operation), ...responsesOf(operation),
    ].filter(Boolean));
  });
  node.dataset.text = `${method} ${path} ${operation.summary || ""} ${operation.description || ""}`.toLowerCase();
  return node;
}

function render() {
  document.getElementById("title").textContent = api.info.title;
  document.getElementById("about").textContent = api.info.description;
  const target = document.getElementById("operations");
  target.replaceChildren();
  for (const name of api["x-unavailable"] || []) {
    target.append(make("p", { class: "problem", text: `服务 ${name} 没有应答，它的接口暂未列出；请稍后刷新。` }));
  }
  for (const tag of api.tags || []) {
    const nodes = Object.entries(api.paths).flatMap(([path, item]) => METHODS
      .filter((method) => item[method] && (item[method].tags || []).includes(tag.name))
      .map((method) => operationNode(path, method, item, item[method])));
    target.append(make("section", {},
      make("h2", { text: tag.name }), make("p", { class: "quiet", text: tag.description || "" }), ...nodes));
  }
}

function filter(text) {
  const wanted = text.trim().toLowerCase();
  for (const section of document.querySelectorAll("#operations section")) {
    let any = false;
    for (const node of section.querySelectorAll(":scope > details")) {
      node.hidden = wanted !== "" && !node.dataset.text.includes(wanted);
      any = any || !node.hidden;
    }
    section.hidden = !any;
  }
}

async function getToken() {
  const state = document.getElementById("token-state");
  const [id, secret] = ["client-id", "client-secret"].map((name) => document.getElementById(name).value);
  const body = new URLSearchParams({ grant_type: "client_credentials", client_id: id, client_secret: secret });
  try {
    const answer = await fetch("/oauth/token", { method: "POST", body });
    const said = await answer.json();
    token = answer.ok ? said.access_token : null;
    state.className = answer.ok ? "quiet" : "problem";
    state.textContent = answer.ok
      ? `已获取令牌，${Math.round(said.expires_in / 60)} 分钟有效；权限：${said.scope}`
      : `${said.detail || said.error_description}（${said.error}）`;
  } catch (error) {
    state.className = "problem";
    state.textContent = `没有得到应答：${error.message}`;
  }
}

async function start() {
  document.getElementById("get-token").addEventListener("click", getToken);
  document.getElementById("filter").addEventListener("input", (event) => filter(event.target.value));
  for (const [id, open] of [["open-all", true], ["close-all", false]]) {
    document.getElementById(id).addEventListener("click", () => {
      for (const node of document.querySelectorAll("#operations section > details")) node.open = open;
    });
  }
  try {
    api = await (await fetch("/openapi.json")).json();
    render();
  } catch (error) {
    document.getElementById("about").textContent = `读取接口说明失败：${error.message}。请刷新重试。`;
  }
}

start();
